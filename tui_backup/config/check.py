"""What a valid configuration may still be wrong about, found by looking at this machine."""

import os
import pwd
import shutil
import stat
from collections.abc import Generator, Iterator
from contextlib import closing

import msgspec

from tui_backup.config.lines import Key, dotted
from tui_backup.config.lockable import check_lockable
from tui_backup.config.opening import secret_key
from tui_backup.config.paths import SYSTEM_CONFIG, default_state_dir
from tui_backup.config.settings import Config, JobConfig, RepositoryConfig
from tui_backup.errors import BackupError, ConfigError
from tui_backup.formats.encryption_key import check_encryption_key
from tui_backup.formats.registry import FORMATS
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import SecretSource
from tui_backup.sources.base import Source, Unread

CRON_PATH = "/usr/bin:/bin"
"""Where cron looks for programs."""

_COLLECTED = ".prom"


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """Something that will go wrong, or is unwise."""

    key: str
    """Dotted; empty where it concerns the whole file."""
    message: str
    hint: str | None = None


def check(config: Config, *, as_cron: bool = False) -> list[Doubt]:
    """Return what is doubtful about a configuration on this machine, in the order of the file.

    With `as_cron` also what works here and will not where only cron's variables are set. Reads no file but those that
    hold passwords, starts no program, and changes nothing.
    """
    return [
        *_whole(config),
        *(_cron(config) if as_cron else ()),
        *_repositories(config, as_cron),
        *_jobs(config, as_cron),
        *_notifiers(config, as_cron),
    ]


def _whole(config: Config) -> Iterator[Doubt]:
    if not config.jobs:
        yield Doubt(key="jobs", message=_("there is no job: nothing is ever backed up"))
    if _mode(config.state_dir) & 0o077:
        message = _("others may look into {path}").format(path=config.state_dir)
        yield Doubt(key="state_dir", message=message, hint=f"chmod 700 {config.state_dir}")
    if config.metrics_file is not None:
        yield from _metrics(config.metrics_file)


def _metrics(path: str) -> Iterator[Doubt]:
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        yield Doubt(key="metrics_file", message=_("the directory {path} does not exist").format(path=directory))
    elif not os.access(directory, os.W_OK | os.X_OK):
        yield Doubt(key="metrics_file", message=_("nothing can be written into {path}").format(path=directory))
    if not path.endswith(_COLLECTED):
        message = _("node_exporter only reads files whose names end in {ending}").format(ending=_COLLECTED)
        yield Doubt(key="metrics_file", message=message)


def _cron(config: Config) -> Iterator[Doubt]:
    home = _home_of_user()
    found = {os.path.join(home, ".config", "tui-backup", "config.toml"), SYSTEM_CONFIG}
    if config.path not in found:
        hint = _("give it in the crontab: tui-backup --config {path} ...").format(path=config.path)
        yield Doubt(key="", message=_("cron would not find this file by itself"), hint=hint)
    if os.environ.get("XDG_STATE_HOME") and config.state_dir == default_state_dir(config.path):
        message = _("cron does not have XDG_STATE_HOME, and would keep its record elsewhere")
        yield Doubt(key="state_dir", message=message, hint=_("set state_dir"))
    here = os.path.expanduser("~")
    if here != home and any(place.startswith(f"{here}/") for place in _places(config)):
        message = _("HOME is {here} here and {home} under cron: paths that begin with ~ differ")
        yield Doubt(key="", message=message.format(here=here, home=home), hint=_("write these paths in full"))


def _home_of_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return "/"


def _places(config: Config) -> Iterator[str]:
    yield config.state_dir
    for repository in config.repositories.values():
        yield repository.store.describe()
    yield from (secret.file for _key, secret in config.secrets() if secret.file is not None)
    for job in config.jobs.values():
        for source in job.sources:
            yield from source.roots()


def _repositories(config: Config, as_cron: bool) -> Iterator[Doubt]:
    for repository in config.repositories.values():
        for at, secret in repository.secrets():
            if secret.file is not None:
                yield from _file(dotted(at), secret, secret.file, repository)
            else:
                yield from _secret(dotted(at), secret, config, as_cron)
        yield from _short_key(repository)
        yield from _locking(repository)
        yield from _untrue(repository)


def _notifiers(config: Config, as_cron: bool) -> Iterator[Doubt]:
    for each in config.notifiers.values():
        for at, secret in each.secrets():
            yield from _secret(dotted(at), secret, config, as_cron)
        try:
            each.notifier.check_here()
        except ConfigError as error:
            name, colon, rest = error.message.partition(": ")
            at = ("notifiers", each.name, name) if colon else ("notifiers", each.name)
            yield Doubt(key=dotted(at), message=rest or error.message, hint=error.hint)


def _secret(key: str, secret: SecretSource, config: Config, as_cron: bool) -> Iterator[Doubt]:
    """Doubt a secret that stands in the open, or cannot be had."""
    if secret.literal is not None:
        yield from _literal(key, config)
    elif secret.env is not None:
        yield from _variable(key, secret.env, as_cron)
    elif secret.command is not None:
        yield from _program(key, secret.command[0], secret.base, as_cron)
    else:
        try:
            secret.resolve(key)
        except ConfigError as error:
            yield Doubt(key=key, message=error.message.removeprefix(f"{key}: "), hint=error.hint)


def _locking(repository: RepositoryConfig) -> Iterator[Doubt]:
    """Doubt a store that does not lock objects, or locks too many."""
    key = dotted(("repositories", repository.name, "object_lock_days"))
    try:
        if caution := check_lockable(repository):
            yield Doubt(key=key, message=caution)
    except BackupError as error:
        yield Doubt(key=key, message=error.message, hint=error.hint)


def _untrue(repository: RepositoryConfig) -> Iterator[Doubt]:
    """Doubt a file that has to be replaced where nothing may be."""
    if repository.history_file and repository.append_only:
        key = dotted(("repositories", repository.name, "history_file"))
        yield Doubt(key=key, message=_("backup_history.json cannot be kept true: append_only = true"))


def _literal(key: str, config: Config) -> Iterator[Doubt]:
    hint = _("give it as {{ file = ... }}, {{ env = ... }} or {{ command = [...] }}").format()
    yield Doubt(key=key, message=_("the secret itself stands in the configuration"), hint=hint)
    if _mode(config.path) & 0o044:
        yield Doubt(key=key, message=_("and others may read that file"), hint=f"chmod 600 {config.path}")


def _variable(key: str, name: str, as_cron: bool) -> Iterator[Doubt]:
    if as_cron:
        message = _("cron does not have the variable {name}").format(name=name)
        yield Doubt(key=key, message=message, hint=_("use a file or a command, or set it in the crontab"))
    elif name not in os.environ:
        yield Doubt(key=key, message=_("the variable {name} is not set").format(name=name))


def _program(key: str, program: str, base: str, as_cron: bool) -> Iterator[Doubt]:
    """Doubt a program that is started in the directory `base`."""
    path = os.path.join(base, program) if "/" in program else program
    if shutil.which(path) is None:
        yield Doubt(key=key, message=_("there is no program {program}").format(program=program))
    elif as_cron and shutil.which(path, path=CRON_PATH) is None:
        message = _("cron does not find the program {program}").format(program=program)
        yield Doubt(key=key, message=message, hint=_("write its path in full"))


def _file(key: str, secret: SecretSource, path: str, repository: RepositoryConfig) -> Iterator[Doubt]:
    """Doubt a file that cannot be used; one that the first run will make is fine."""
    is_made = secret is repository.own_secret and not os.path.lexists(path)
    try:
        if is_made and not FORMATS.load(repository.format).exists(repository.store):
            return
        secret.resolve(key)
    except ConfigError as error:
        yield Doubt(key=key, message=error.message.removeprefix(f"{key}: "), hint=error.hint)
    except BackupError as error:
        yield Doubt(key=dotted(("repositories", repository.name, "store")), message=error.message, hint=error.hint)


def _short_key(repository: RepositoryConfig) -> Iterator[Doubt]:
    """Doubt an encryption key that is too short, where no program has to be asked for it."""
    source, key = repository.encryption_key, secret_key(repository.name, "encryption_key")
    if source is None or source.command is not None:
        return
    try:
        secret = source.resolve(key)
    except ConfigError:
        return
    try:
        check_encryption_key(secret, key)
    except ConfigError as error:
        yield Doubt(key=key, message=error.message.removeprefix(f"{key}: "), hint=error.hint)


def _jobs(config: Config, as_cron: bool) -> Iterator[Doubt]:
    for job in config.jobs.values():
        for at, program in dict.fromkeys(_programs(job)):
            yield from _program(dotted(("jobs", job.name, at)), program, config.base, as_cron)
        yield from _one_place(job, config)
        yield from _idle_policy(job, config)
        for place, source in enumerate(job.sources):
            yield from _source(("jobs", job.name, "sources", place), source)


def _programs(job: JobConfig) -> Iterator[tuple[str, str]]:
    """Yield every program that runs beside a job, with the key in which it stands."""
    hooks = {"before": job.hooks.before, "after": job.hooks.after, "on_failure": job.hooks.on_failure}
    for at, each in hooks.items():
        yield from ((at, hook.argv[0]) for hook in each)
    for stoppable in job.stop:
        yield from (("stop", argv[0]) for argv in (stoppable.stop, stoppable.start, stoppable.status) if argv)


def _one_place(job: JobConfig, config: Config) -> Iterator[Doubt]:
    """Tell of a copy that would lie where the backup itself does."""
    known: dict[str, str] = {}
    for name in job.repositories:
        other = known.setdefault(os.path.realpath(config.repositories[name].store.describe()), name)
        if other != name:
            message = _("{name} and {other} are one place: a copy there is none").format(name=name, other=other)
            yield Doubt(key=dotted(("jobs", job.name, "repositories")), message=message)


def _idle_policy(job: JobConfig, config: Config) -> Iterator[Doubt]:
    """Tell of a policy that a repository does not let act."""
    for name in job.repositories if job.keep is not None else ():
        if config.repositories[name].append_only:
            message = _("nothing is ever forgotten in {name}: append_only = true").format(name=name)
            hint = _("let a configuration without append_only, on a machine of its own, apply the policy there")
            yield Doubt(key=dotted(("jobs", job.name, "keep")), message=message, hint=hint)


def _source(at: Key, source: Source) -> Iterator[Doubt]:
    """Doubt what a source cannot read at once: configured paths that are missing come before all else."""
    try:
        with closing(_unread(source)) as unread:
            for each in unread:
                path = os.fsdecode(each.path)
                yield Doubt(key=dotted(at), message=_("{path}: {reason}").format(path=path, reason=each.reason))
    except BackupError as error:
        yield Doubt(key=dotted(at), message=error.message, hint=error.hint)


def _unread(source: Source) -> Generator[Unread, None, None]:
    """Yield what a source finds unreadable before the first entry that it can read."""
    for entry in source.entries(Watch()):
        if not isinstance(entry, Unread):
            return
        yield entry


def _mode(path: str) -> int:
    """Return the permission bits of a path, 0 where nothing is there."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return 0
