"""Files and directories of this host."""

import os
import stat
from collections.abc import Iterable, Iterator
from typing import Annotated, BinaryIO

import msgspec

from tui_backup.errors import ConfigError, SourceError, UsageError
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.patterns import Patterns
from tui_backup.primitives.reasons import reason_of_code
from tui_backup.primitives.units import parse_size
from tui_backup.sources.base import Unread
from tui_backup.sources.origin import LocalOrigin
from tui_backup.sources.owners import GroupNames, UserNames
from tui_backup.sources.roots import Root, arrange, enclosing, encode, reaches, stored_paths
from tui_backup.sources.rules import Protected, Rules
from tui_backup.sources.stored import in_directory, is_below, open_below
from tui_backup.sources.walk import Walk


class FilesSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files and directories below some paths, with all that the system knows of them."""

    paths: Annotated[tuple[str, ...], About(N_("Paths"), N_("Files and directories, one a line"), "paths")]
    """Bytes that are not UTF-8 as surrogate escapes."""
    exclude: Annotated[
        tuple[str, ...], About(N_("Leave out"), N_("Patterns as in .gitignore, one a line"), "patterns", True)
    ] = ()
    """Anchored at each path; absolute ones may begin with the path."""
    exclude_if_present: Annotated[
        tuple[str, ...],
        About(N_("Leave out with"), N_("Directories that hold one of these, one a line"), leaves_out=True),
    ] = ()
    exclude_caches: Annotated[
        bool, About(N_("Leave out caches"), N_("Directories that a CACHEDIR.TAG marks as caches"), leaves_out=True)
    ] = False
    """Of such a directory nothing but the tag is kept."""
    exclude_larger_than: Annotated[
        str | int | None, About(N_("Leave out above"), N_("Files larger than this, such as 2GB"), "size", True)
    ] = None
    one_file_system: Annotated[bool, About(N_("One file system"), N_("Do not enter what is mounted below a path"))] = (
        False
    )
    """Whether other file systems are stored as empty directories."""
    as_: Annotated[str | None, About(N_("Stored as"), N_("A name that stands for the path in the snapshot"))] = (
        msgspec.field(default=None, name="as")
    )

    def __post_init__(self) -> None:
        if not self.paths or not all(self.paths):
            raise ConfigError(_("paths must name at least one file or directory, and none may be empty"))
        if self.as_ is not None and (self.as_ in {"", ".", ".."} or "/" in self.as_ or "\0" in self.as_):
            raise ConfigError(_("as = {name!r} is not a name: one word without `/`").format(name=self.as_))
        if any(not name or "/" in name for name in self.exclude_if_present):
            raise ConfigError(_("exclude_if_present holds names of files, without `/`"))
        stored_paths(self.paths, self.as_)
        self._largest()

    def rooted(self, base: str) -> "FilesSource":
        """Return the same source with relative paths taken from the directory `base`, `~` from the home directory."""
        paths = tuple(os.path.normpath(os.path.join(base, os.path.expanduser(path))) for path in self.paths)
        return msgspec.structs.replace(self, paths=paths)

    def without(self, places: Iterable[bytes]) -> "FilesSource":
        """Return the same source that passes over places of the backup itself, given as absolute raw paths."""
        fields = {name: getattr(self, name) for name in FilesSource.__struct_fields__}
        return GuardedFilesSource(**fields, places=(*self._places(), *places))

    def roots(self) -> tuple[str, ...]:
        """Return the paths as the snapshot records them."""
        if self.as_ is not None:
            return (f"/{self.as_}",)
        return tuple(path.decode("utf-8", "surrogateescape") for path in stored_paths(self.paths, None))

    def patterns(self) -> tuple[str, ...]:
        """Return the excludes as the snapshot records them."""
        return self.exclude

    def is_in_place(self) -> bool:
        """Whether nothing is stored below another name."""
        return self.as_ is None

    def rules(self) -> tuple[Rules, ...]:
        """Return the rules of each path."""
        nothing = Protected.of(())
        return tuple(self._rules(encode(path), nothing) for path in self.paths)

    def open_stored(self, path: bytes) -> BinaryIO | None:
        """Open the regular file that lies today where a snapshot has this path; None where there is none to be read."""
        for real, stored in stored_paths([os.path.abspath(path) for path in self.paths], self.as_).items():
            found = open_below(real, stored, path)
            if found is not None:
                return found
        return None

    def check(self) -> None:
        """Raise ConfigError where an exclude is no valid pattern."""
        try:
            Patterns(self.exclude)
        except UsageError as error:
            raise ConfigError(f"exclude: {error.message}", hint=error.hint) from error

    def children(self, path: bytes) -> list[Entry | Unread]:
        """List one directory: above the paths only what leads to them."""
        self.check()
        protected = Protected.of(self._places())
        found, missing = self._look(protected)
        listed: list[Entry | Unread] = [each for each in missing if os.path.dirname(each.path) == path]
        inner = frozenset(root.stored for root in found)
        users, groups = UserNames(), GroupNames()
        for root in self._arranged(found):
            origin = LocalOrigin(root.stored.rstrip(b"/"), root.real.rstrip(b"/"), users, groups)
            if root.stored != b"/" and os.path.dirname(root.stored) == path:
                listed.append(origin.found(root.stored, root.status, root.real, None))
            elif stat.S_ISDIR(root.status.st_mode) and not root.parent and is_below(path, root.stored):
                listed += in_directory(path, origin, self._rules(root.real, protected), inner)
        return sorted(listed, key=lambda each: each.path)

    def entries(self, watch: Watch) -> Iterator[Entry | Unread]:
        """Yield the directories above the paths, the paths, and what is below them."""
        self.check()
        protected = Protected.of(self._places())
        found, missing = self._look(protected)
        if not found:
            raise SourceError(_missing(missing))
        yield from missing
        yield from self._unreached(found)
        inner = frozenset(root.stored for root in found)
        users, groups = UserNames(), GroupNames()
        for root in self._arranged(found):
            origin = LocalOrigin(root.stored.rstrip(b"/"), root.real.rstrip(b"/"), users, groups)
            if root.stored != b"/":
                yield origin.found(root.stored, root.status, root.real, None)
            if stat.S_ISDIR(root.status.st_mode) and not root.parent:
                walk = Walk(watch, origin, self._rules(root.real, protected), inner)
                yield from walk.below(origin.stored, root.real, root.status)
            elif stat.S_ISLNK(root.status.st_mode):
                watch.warn(root.stored, _("is a symbolic link; the link is stored, not what it points to"))

    def _look(self, protected: Protected) -> tuple[list[Root], list[Unread]]:
        """Return the paths that are there, and those that are not."""
        found: list[Root] = []
        missing: list[Unread] = []
        for real, stored in stored_paths([os.path.abspath(path) for path in self.paths], self.as_).items():
            problem = _find(real, stored, protected, found)
            missing.extend([problem] if problem else [])
        return found, missing

    def _arranged(self, found: list[Root]) -> list[Root]:
        try:
            return arrange(found, self.as_)
        except OSError as error:
            raise SourceError(_("the way to the configured paths changed: {reason}").format(reason=error)) from error

    def _unreached(self, found: list[Root]) -> Iterator[Unread]:
        """Yield the paths inside others that the walk of those will not come upon."""
        roots = {root.stored: root for root in found}
        for root in found:
            outer = enclosing(root, roots)
            if outer is not None and not reaches(outer, root):
                yield Unread(root.stored, _("lies behind a symbolic link inside another configured path"))
            elif outer is not None and self._leaves_out(root, outer):
                yield Unread(root.stored, _("is a configured path and left out by a pattern"))

    def _leaves_out(self, root: Root, outer: Root) -> bool:
        patterns = self._patterns(outer.real)
        return patterns is not None and patterns.leaves_out(root.below(outer), stat.S_ISDIR(root.status.st_mode))

    def _rules(self, real: bytes, protected: Protected) -> Rules:
        return Rules(
            patterns=self._patterns(real),
            largest=self._largest(),
            markers=frozenset(encode(name) for name in self.exclude_if_present),
            caches=self.exclude_caches,
            protected=protected,
            one_file_system=self.one_file_system,
        )

    def _patterns(self, real: bytes) -> Patterns | None:
        lines = [_anchored(line, real) for line in self.exclude]
        return Patterns(lines) if lines else None

    def _largest(self) -> int | None:
        if self.exclude_larger_than is None:
            return None
        try:
            return parse_size(self.exclude_larger_than)
        except ValueError as error:
            raise ConfigError(f"exclude_larger_than: {error}") from error

    def _places(self) -> tuple[bytes, ...]:
        return ()


class GuardedFilesSource(FilesSource, frozen=True, kw_only=True):
    """A source that knows what belongs to the backup itself; never comes from a configuration."""

    places: tuple[bytes, ...] = ()
    """Absolute raw paths."""

    def _places(self) -> tuple[bytes, ...]:
        return self.places


def _find(real: bytes, stored: bytes, protected: Protected, found: list[Root]) -> Unread | None:
    """Add a configured path to `found`, or return why that is not possible."""
    try:
        status = os.lstat(real)
    except OSError as error:
        return Unread(stored, reason_of_code(error.errno))
    if protected.has(real, status):
        return Unread(stored, _("belongs to the backup itself"))
    found.append(Root(stored, real, status))
    return None


def _missing(problems: list[Unread]) -> str:
    paths = "; ".join(f"{os.fsdecode(problem.path)}: {problem.reason}" for problem in problems)
    return _("nothing to back up: {paths}").format(paths=paths)


def _anchored(line: str, real: bytes) -> str:
    """Return a pattern that begins with the root's absolute path as one anchored at the root."""
    sign = "!" if line.startswith("!") else ""
    start = real.decode("utf-8", "surrogateescape").rstrip("/") + "/"
    body = line.removeprefix("!")
    return sign + "/" + body.removeprefix(start) if body.startswith(start) and body != start else line
