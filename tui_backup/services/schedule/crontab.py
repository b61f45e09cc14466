"""The crontab of this user: our lines in it, and no others, are written and removed.

    # BEGIN tui-backup /etc/tui-backup/config.toml
    # written by `tui-backup schedule install`; `tui-backup schedule remove` takes it away
    */5 * * * * /usr/bin/tui-backup --config /etc/tui-backup/config.toml --run-scheduled
    @reboot /usr/bin/tui-backup --config /etc/tui-backup/config.toml schedule boot
    # END tui-backup /etc/tui-backup/config.toml

Everything else stays as it is, byte for byte; only a last line without an end gets one, for want of which crontab(1)
takes nothing. Lines of others that have got between ours are left, too. The words are data, the same in every language.
"""

import fcntl
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.processes import pids, sighted
from tui_backup.primitives.programs import Captured, Program, capture
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.schedule import calling

_TIMEOUT_S: Final = 30.0
_LARGEST: Final = 1 << 22
_LONGEST: Final = 998
"""Characters of a command that cron takes (Vixie cron: MAX_COMMAND)."""

_REMARK: Final = b"# written by `tui-backup schedule install`; `tui-backup schedule remove` takes it away"
_DAEMONS: Final = {"cron", "crond", "fcron", "dcron"}
_EMPTY: Final = (b"no crontab for", b"can't open")
"""What is said where there is none: Vixie cron and cronie, busybox."""


def lines(config: Config) -> list[str]:
    """Return the lines that have jobs run by themselves; raises BackupError where cron would not take them."""
    periodic = f"*/{calling.PERIOD_MIN} * * * * {_command(config, calling.LOOK)}"
    return [periodic, f"@reboot {_command(config, calling.AT_BOOT)}"]


def block(config: Config) -> bytes:
    """Return our lines as they stand in a crontab."""
    begin, end = _marks(config.path)
    return b"\n".join([begin, _REMARK, *map(os.fsencode, lines(config)), end, b""])


def with_block(content: bytes, config: Config) -> bytes:
    """Return a crontab with our lines: where they were, else at its end; raises BackupError as `_parted`."""
    before, kept, after = _parted(content, config.path)
    if kept is None:
        separation = b"\n" if content and not content.endswith(b"\n") else b""
        return content + separation + block(config)
    return _joined(before, [*block(config).rstrip(b"\n").split(b"\n"), *kept], after)


def without_block(content: bytes, config: str) -> bytes:
    """Return a crontab without our lines; raises BackupError as `_parted`."""
    before, kept, after = _parted(content, config)
    return content if kept is None else _joined(before, kept, after)


def has_block(content: bytes, config: str) -> bool:
    """Whether our lines are in a crontab; raises BackupError as `_parted`."""
    return _parted(content, config)[1] is not None


def calling_lines(content: bytes, config: str, home: str) -> list[str]:
    """Return the lines of a crontab, whosever they are, that call us for what is due by a configuration."""
    found = [os.fsdecode(line).strip().replace("\\%", "%") for line in content.split(b"\n")]
    return [line for line in found if line[:1] != "#" and calling.names(calling.words_of(line), config, home)]


class Crontab:
    """What crontab(1) keeps for the user of this process."""

    @property
    def is_there(self) -> bool:
        """Whether this machine has that program."""
        return shutil.which("crontab") is not None

    def read(self) -> bytes:
        """Return what is in it; empty where there is none. Raises BackupError."""
        ended = self._ask("-l")
        if ended.code == 0:
            return ended.output
        if any(words in ended.complaints for words in _EMPTY):
            return b""
        raise _refused(_("the crontab cannot be read: {reason}"), ended)

    def change(self, changed: Callable[[bytes], bytes]) -> None:
        """Replace it by what a function makes of it; where nothing is left there is none afterwards.

        Raises:
            BackupError: it cannot be changed, or somebody else changes it meanwhile; nothing was written then.
        """
        with _alone():
            former = self.read()
            wanted = changed(former)
            if wanted == former:
                return
            if self.read() != former:
                raise _meddled()
            ended = self._ask("-", given=wanted) if wanted else self._ask("-r")
            if ended.code != 0:
                raise _refused(_("the crontab cannot be written: {reason}"), ended)
            if self.read() != wanted:
                raise _meddled()

    def _ask(self, *words: str, given: bytes = b"") -> Captured:
        if not self.is_there:
            hint = _("install cron, or have systemd do it: tui-backup schedule install --systemd")
            raise BackupError(_("there is no program `crontab` on this machine"), hint=hint)
        program = Program(
            argv=("crontab", *words), timeout_s=_TIMEOUT_S, variables={"LC_ALL": "C"}, directory="/", given=given
        )
        try:
            return capture(program, os.environ, _LARGEST)
        except (OSError, TimeoutError) as error:
            reason = reason_of(error) if error.errno else _("it takes too long")
            raise BackupError(_("cannot run {program}: {reason}").format(program="crontab", reason=reason)) from error


def is_cron_running() -> bool:
    """Whether a daemon that reads crontabs runs, as far as this process sees others."""
    return any(sighting.program in _DAEMONS for sighting in map(sighted, pids()) if sighting is not None)


def _command(config: Config, what: Sequence[str]) -> str:
    assigned = [f"{name}={shlex.quote(value)}" for name, value in calling.variables(config).items()]
    command = " ".join([*assigned, shlex.join(calling.argv(config, what))]).replace("%", "\\%")
    if len(os.fsencode(command)) > _LONGEST:
        raise BackupError(_("cron takes no command that is as long as this: {command}").format(command=command))
    return command


def _marks(config: str) -> tuple[bytes, bytes]:
    name = os.fsencode(config)
    return b"# BEGIN tui-backup " + name, b"# END tui-backup " + name


def _parted(content: bytes, config: str) -> tuple[list[bytes], list[bytes] | None, list[bytes]]:
    """Return the lines before ours, those of others between ours, and those after; None: there are none of ours.

    Raises:
        BackupError: nobody can tell where ours begin and end.
    """
    begin, end = _marks(config)
    found = content.split(b"\n")
    bare = [line.rstrip() for line in found]
    begins, ends = ([at for at, line in enumerate(bare) if line == mark] for mark in (begin, end))
    if not begins and not ends:
        return found, None, []
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise BackupError(
            _(
                "nobody can tell which lines of the crontab are those of tui-backup: {begin} or its end is missing"
            ).format(begin=os.fsdecode(begin)),
            hint=_("remove what is left of them: crontab -e"),
        )
    between = found[begins[0] + 1 : ends[0]]
    return found[: begins[0]], [line for line in between if not _is_ours(line)], found[ends[0] + 1 :]


def _is_ours(line: bytes) -> bool:
    """Whether a line between our marks is one that some version of ours has written."""
    words = calling.words_of(os.fsdecode(line))
    return line.rstrip() == _REMARK or calling.LOOK[0] in words or tuple(words[-2:]) == calling.AT_BOOT


def _joined(*parts: list[bytes]) -> bytes:
    return b"\n".join(line for part in parts for line in part)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes of ours, of whatever configuration, from changing the crontab of this user meanwhile."""
    with ExitStack() as stack:
        with suppress(OSError):
            descriptor = os.open(calling.home_of(os.geteuid()), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _refused(text: str, ended: Captured) -> BackupError:
    reason = ended.complaints.decode("utf-8", "replace").strip() or _("exit code {code}").format(code=ended.code)
    return BackupError(text.format(reason=" ".join(reason.split())))


def _meddled() -> BackupError:
    return BackupError(_("somebody else changes the crontab at the same time"), hint=_("look at it, and try again"))
