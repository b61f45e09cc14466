"""First start: what a new configuration could say, and whether what somebody wishes for it is sound."""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from enum import StrEnum
from time import monotonic
from typing import Any

import msgspec

from tui_backup.config.document import Document
from tui_backup.config.keeping import KeepTable, keep_of
from tui_backup.config.paths import check_owner
from tui_backup.config.reader import Reader
from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.text import size
from tui_backup.primitives.units import parse_duration
from tui_backup.services.setup import starter
from tui_backup.services.setup.making import new_config_path
from tui_backup.services.setup.starter import Wishes
from tui_backup.sources.base import Unread

EVERY = "26h"
"""How often a success is expected, where somebody has not said otherwise: nightly, and two hours late."""

KEEP = "last 3, daily 7, weekly 4, monthly 12"

MOUNTS = "/proc/self/mountinfo"

PATIENCE_S = 20.0
"""How long the size of what is to be backed up is counted."""

_DISKS = frozenset({
    "bcachefs", "btrfs", "cifs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fuseblk", "hfsplus", "jfs", "nfs", "nfs4",
    "ntfs", "ntfs3", "reiserfs", "smb3", "vfat", "xfs", "zfs",
})  # fmt: skip
_NOT_FOR_BACKUPS = ("/boot", "/efi", "/snap", "/proc", "/sys", "/dev", "/run", "/etc", "/usr", "/var/lib")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_RULE = re.compile(r"([a-z]+)\s+(\S+)")


class Weight(StrEnum):
    """How much a finding matters."""

    SOUND = "sound"
    CAREFUL = "careful"
    WRONG = "wrong"
    """There is no going on with that."""


class Finding(msgspec.Struct, frozen=True):
    """What is found about something that somebody wishes."""

    weight: Weight
    text: str


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """A file system that backups could go to."""

    mount: str
    free: int
    """Bytes."""


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What a configuration could say, before anybody was asked."""

    config: str
    """The file that will be made."""
    wishes: Wishes

    @property
    def password_file(self) -> str:
        """Absolute path of the password file."""
        return os.path.join(os.path.dirname(self.config), self.wishes.password_file)


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """How much a backup has to do."""

    files: int
    bytes: int
    unread: int
    """What could not be read."""
    is_all: bool
    """Whether it was counted to its end."""


def suggested(given: str | None) -> Beginning:
    """Return what a new configuration could say; `given` is the file that somebody named."""
    path, is_named = new_config_path(given)
    directory = os.path.dirname(path)
    wishes = starter.usual(for_system=os.geteuid() == 0)
    if is_named:
        place = os.path.join(directory, "backups")
        wishes = msgspec.structs.replace(wishes, place=place, state_dir=_state(path))
    return Beginning(config=path, wishes=msgspec.structs.replace(wishes, password_file=_unused(directory)))


def other_disks(paths: Sequence[str]) -> list[Disk]:
    """Return the mounted disks on which none of these paths lies and that can be written, the freest first."""
    taken = {device for path in (*paths, "/") if (device := _device(path)) is not None}
    disks: dict[int, Disk] = {}
    for mount in _mounts():
        device = _device(mount)
        if device is None or device in taken or device in disks or not os.access(mount, os.W_OK | os.X_OK):
            continue
        disks[device] = Disk(mount=mount, free=free_at(mount))
    return sorted((disk for disk in disks.values() if disk.free), key=lambda disk: -disk.free)


def free_at(path: str) -> int:
    """Return how many bytes are free where a path is, or would be; 0 where nobody can tell."""
    try:
        status = os.statvfs(_there(path))
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize


def paths_of(text: str) -> tuple[str, ...]:
    """Return the paths that somebody has typed, apart by spaces and quoted as in a shell; raises ValueError."""
    typed = shlex.split(text)
    return tuple(dict.fromkeys(os.path.normpath(os.path.expanduser(path)) for path in typed))


def look_at_paths(text: str) -> list[Finding]:
    """Say of every path whether it can be backed up."""
    try:
        paths = paths_of(text)
    except ValueError:
        return [Finding(Weight.WRONG, _("a quotation mark has no second one"))]
    if not paths:
        return [Finding(Weight.WRONG, _("name at least one file or directory"))]
    return [_look_at_path(path) for path in paths]


def look_at_place(text: str, paths: Sequence[str], needed: int | None = None) -> list[Finding]:
    """Say whether a repository can be made in a directory; `needed` is how many bytes will be backed up."""
    place = place_of(text)
    if wrong := _wrong_with_place(place, paths):
        return [Finding(Weight.WRONG, wrong)]
    free = free_at(place)
    findings = [Finding(Weight.SOUND, _("it can be written, {size} are free").format(size=size(free)))]
    if not is_apart(place, paths):
        findings.append(
            Finding(Weight.CAREFUL, _("it is on the same disk as what is backed up: if that breaks, both are lost"))
        )
    if any(_is_below(place, path) for path in paths):
        findings.append(Finding(Weight.CAREFUL, _("it lies inside what is backed up, and is left out of that itself")))
    if needed is not None and free < needed:
        findings.append(Finding(Weight.CAREFUL, _("what is backed up is larger than the room that is free")))
    return findings


def is_apart(place: str, paths: Sequence[str]) -> bool:
    """Whether a directory is, or would be, on another disk than each of these paths."""
    return _device(_there(place)) not in {_device(path) for path in paths}


def look_at_rules(every: str, keep: str) -> list[Finding]:
    """Say what is wrong with how often a backup is expected, and with what is kept."""
    findings = []
    for read, text in ((every_of, every), (keep_of_text, keep)):
        try:
            read(text)
        except ValueError as error:
            findings.append(Finding(Weight.WRONG, str(error)))
    return findings


def place_of(text: str) -> str:
    """Return the directory that somebody has typed."""
    return os.path.normpath(os.path.expanduser(text.strip())) if text.strip() else ""


def every_of(text: str) -> str | None:
    """Return how often a success is expected as a configuration has it; None: nobody minds. Raises ValueError."""
    text = text.strip()
    if text and not parse_duration(text):
        raise ValueError(_("must be longer than nothing"))
    return text or None


def keep_of_text(text: str) -> dict[str, int | str] | None:
    """Return the policy of `last 3, daily 7, within 30d`; None, for nothing: everything is kept. Raises ValueError."""
    rules: dict[str, int | str] = {}
    for rule in filter(None, (part.strip() for part in text.split(","))):
        match = _RULE.fullmatch(rule)
        if match is None or match[1] not in {*KeepTable.__struct_fields__} - {"tags", "max_backups", "retention_days"}:
            raise ValueError(_("{rule!r} is no rule; write for example: {example}").format(rule=rule, example=KEEP))
        rules[match[1]] = int(match[2]) if match[2].lstrip("-").isdecimal() else match[2]
    if rules:
        keep_of(_keep_table(rules))
    return rules or None


def job_name(paths: Sequence[str]) -> str:
    """Return a name for a job that backs up these paths."""
    if len(paths) == 1:
        name = re.sub(r"[^a-z0-9._-]+", "-", os.path.basename(paths[0]).casefold()).strip("-._")[:40]
        if name:
            return name
    return "files"


def checked(beginning: Beginning) -> tuple[str, Config]:
    """Return the text of the configuration and what it means; raises ConfigError where it could not be used."""
    check_owner(beginning.config)
    apart = is_apart(beginning.wishes.place, beginning.wishes.paths)
    text = starter.fitted(msgspec.structs.replace(beginning.wishes, is_apart=apart))
    return text, Reader(Document(beginning.config, text), os.path.dirname(beginning.config)).read()


def amount(beginning: Beginning, watch: Watch, patience_s: float = PATIENCE_S) -> Amount:
    """Count what the first backup would read, as far as that goes in a while."""
    _text, config = checked(beginning)
    files = total = unread = 0
    until = monotonic() + patience_s
    is_all = True
    for found in _found(config, watch):
        watch.check()
        if isinstance(found, Unread):
            unread += 1
        elif found.kind is EntryKind.FILE:
            files += 1
            total += found.size
        if monotonic() > until:
            is_all = False
            break
    return Amount(files=files, bytes=total, unread=unread, is_all=is_all)


def _found(config: Config, watch: Watch) -> Iterator[Entry | Unread]:
    (job,) = config.jobs.values()
    (repository,) = config.repositories.values()
    own = (os.fsencode(repository.store.describe()), os.fsencode(config.state_dir))
    for source in job.sources:
        try:
            yield from source.without(own).entries(watch)
        except BackupError:
            return


def _look_at_path(path: str) -> Finding:
    if not os.path.isabs(path):
        return Finding(Weight.WRONG, _("{path}: write the whole path, from / on").format(path=path))
    try:
        is_directory = os.path.isdir(path)
        os.stat(path)
    except OSError as error:
        return Finding(Weight.WRONG, _("{path}: {reason}").format(path=path, reason=reason_of(error)))
    if not os.access(path, os.R_OK | (os.X_OK if is_directory else 0)):
        return Finding(Weight.WRONG, _("{path}: cannot be read by this user").format(path=path))
    kind = _("{path}: a directory") if is_directory else _("{path}: a file")
    return Finding(Weight.SOUND, kind.format(path=path))


def _wrong_with_place(place: str, paths: Sequence[str]) -> str | None:
    if not os.path.isabs(place):
        return _("write the whole path of a directory, from / on")
    if any(_is_below(path, place) for path in paths):
        return _("this holds what is backed up: name a directory for the backups alone")
    if os.path.lexists(place) and not os.path.isdir(place):
        return _("this is no directory")
    above = _there(place)
    if not os.path.isdir(above) or not os.access(above, os.W_OK | os.X_OK):
        return _("{path} cannot be written by this user").format(path=above)
    if above == place and os.path.lexists(os.path.join(place, "config")):
        return _(
            "there is a repository here already: `tui-backup init` makes a file in which you can name its password"
        )
    if above == place and not _is_empty(place):
        return _("there is something else in it: name a new directory, such as {path}").format(
            path=os.path.join(place, "backups")
        )
    return None


def _is_empty(directory: str) -> bool:
    try:
        return not os.listdir(directory)
    except OSError:
        return False


def _is_below(path: str, directory: str) -> bool:
    path, directory = os.path.realpath(path), os.path.realpath(directory)
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _there(path: str) -> str:
    """Return the path, or the nearest directory above it that exists."""
    while path and not os.path.lexists(path) and path != "/":
        path = os.path.dirname(path)
    return path or "/"


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None


def _mounts() -> Iterator[str]:
    """Yield where disks are mounted; source: proc_pid_mountinfo(5)."""
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for line in lines:
        before, _separator, after = line.partition(" - ")
        mount = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), before.split(" ")[4])
        if after.split(" ")[0] in _DISKS and mount != "/" and not mount.startswith(_NOT_FOR_BACKUPS):
            yield mount


def _keep_table(rules: dict[str, Any]) -> KeepTable:
    try:
        return msgspec.convert(rules, KeepTable)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _state(config: str) -> str:
    """Return a name for the state directory beside a configuration that nothing has yet."""
    directory, name = os.path.split(config)
    return f"{name}.state" if os.path.lexists(os.path.join(directory, "state")) else "state"


def _unused(directory: str) -> str:
    """Return a name for a password file that nothing has yet."""
    names = (starter.KEY_FILE, *(f"backups-{number}.key" for number in range(2, 100)))
    return next(name for name in names if not os.path.lexists(os.path.join(directory, name)))
