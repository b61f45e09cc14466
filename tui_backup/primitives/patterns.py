"""Gitignore rules: which paths to leave out of a backup, which to restore."""

import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import msgspec

from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _

_GLOB = re.compile(r"[*?\[\\]")
_POSIX_CLASS = re.compile(r"\[:\w+:\]")

Match = Callable[[str], re.Match[str] | None]
Group = tuple[bool, Match | None, Match | None]
"""What a run of patterns of one sign says (True: chosen), and how it matches a bare name and a whole path."""


class _Rule(msgspec.Struct, frozen=True):
    chooses: bool
    """False for a line that begins with `!`."""
    only_dirs: bool
    bare: bool
    """Whether it speaks of a name at any depth rather than of a path."""
    regex: str
    """Matches the whole name or path, without a slash at its end."""


class Patterns:
    """A list of gitignore lines; of those that match a path the last one decides.

    Paths are raw and taken as UTF-8; patterns carry other bytes as surrogate escapes, as `os.fsdecode` gives them.

    Raises:
        UsageError: a line is no pattern; the message names it.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        rules = [rule for line in lines for rule in _parse(line)]
        self._for_dirs = _grouped(rules)
        self._for_others = _grouped([rule for rule in rules if not rule.only_dirs])
        self._literal = tuple(_encode(line) for line in lines if line.startswith("/") and _GLOB.search(line))
        self._newest_parent: tuple[str, bool] = ("", False)

    def __bool__(self) -> bool:
        return bool(self._for_dirs)

    def excludes(self, relative_path: bytes, is_dir: bool) -> bool:
        """Whether the rules choose this very path, given relative to where they are anchored.

        Says nothing of its parents: gitignore rules presume that nobody descends into an excluded directory.
        """
        return self._verdict(relative_path.decode("utf-8", "surrogateescape"), is_dir) is True

    def leaves_out(self, relative_path: bytes, is_dir: bool) -> bool:
        """Whether the rules exclude this path or a directory above it, as a walk that descends would find."""
        parts = relative_path.split(b"/")
        above = (b"/".join(parts[:length]) for length in range(1, len(parts)))
        return any(self.excludes(parent, True) for parent in above) or self.excludes(relative_path, is_dir)

    def selects(self, path: bytes, is_dir: bool) -> bool:
        """Whether an absolute path is chosen, by itself or with a directory above it; rules are anchored at `/`.

        The nearest decision counts: `/srv` and `!*.log` choose everything below /srv but the logs. An absolute line
        also means the path of exactly that name, whatever characters it has.
        """
        if any(path == literal or path.startswith(literal + b"/") for literal in self._literal):
            return True
        relative = path[1:].decode("utf-8", "surrogateescape")
        verdict = self._verdict(relative, is_dir)
        return self._below(relative.rpartition("/")[0]) if verdict is None else verdict

    def _below(self, directory: str) -> bool:
        known, verdict = self._newest_parent
        if directory != known:
            verdict = next(
                (said for path in _upwards(directory) if (said := self._verdict(path, True)) is not None), False
            )
            self._newest_parent = (directory, verdict)
        return verdict

    def _verdict(self, path: str, is_dir: bool) -> bool | None:
        name = path.rpartition("/")[2]
        for chooses, matches_name, matches_path in self._for_dirs if is_dir else self._for_others:
            if (matches_name is not None and matches_name(name)) or (matches_path is not None and matches_path(path)):
                return chooses
        return None


def literal(path: bytes) -> str:
    """Return the line that means exactly this absolute path, and all below it, whatever characters it has."""
    line = re.sub(r"([*?\[\]!\\])", r"\\\1", os.fsdecode(path))
    bare = line.rstrip()
    return bare + "".join(f"[{blank}]" for blank in line[len(bare) :])


def meant(line: str) -> bytes | None:
    """Return the path of which `literal` made a line; None where that means something else."""
    bare = re.sub(r"\\(.)", r"\1", re.sub(r"\[(\s)\]", r"\1", line), flags=re.DOTALL)
    path = os.fsencode(bare)
    is_plain = path.startswith(b"/") and not path.endswith(b"/")
    return path if is_plain and literal(path) == line else None


def _upwards(directory: str) -> Iterator[str]:
    while directory:
        yield directory
        directory = directory.rpartition("/")[0]


def _grouped(rules: list[_Rule]) -> tuple[Group, ...]:
    """Return the rules, last first, those of one sign in a row compiled together."""
    groups: list[Group] = []
    for chooses, members in groupby(rules, lambda rule: rule.chooses):
        together = list(members)
        names = [rule.regex for rule in together if rule.bare]
        paths = [rule.regex for rule in together if not rule.bare]
        groups.append((chooses, _compile(names), _compile(paths)))
    return tuple(reversed(groups))


def _compile(regexes: list[str]) -> Match | None:
    if not regexes:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile("|".join(f"(?:{regex})" for regex in regexes), re.DOTALL).fullmatch


def _parse(line: str) -> Iterator[_Rule]:
    """Yield the rule of a line; none for a comment or a blank line."""
    body = line if line.endswith("\\ ") else line.rstrip()
    if not body or body.startswith("#"):
        return
    chooses = not body.startswith("!")
    body = body.removeprefix("!")
    only_dirs = body.endswith("/") and body != "/"
    if not body:
        raise _wrong(line)
    body = body.removesuffix("/") or "**"
    bare = "/" not in body
    regex = _translate(f"/{body}" if bare else body, line)
    yield _Rule(chooses, only_dirs, bare, regex)


def _translate(body: str, line: str) -> str:
    """Return a regular expression for one pattern, to be matched against the whole path."""
    from pathspec.patterns.gitignore.basic import GitIgnoreBasicPattern
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        known = GitIgnoreSpecPattern.pattern_to_regex(body)[0]
        regex: str | None = GitIgnoreBasicPattern.pattern_to_regex(body)[0]
        if known is None or regex is None or _POSIX_CLASS.search(body):
            raise ValueError
        if regex == ".":
            regex = ".+"
        elif regex.endswith("/"):
            regex = f".+{regex}.+" if regex == "/" else f"{regex}.+"
        _compile([regex])
    except (ValueError, re.error) as error:
        raise _wrong(line) from error
    return regex


def _wrong(line: str) -> UsageError:
    return UsageError(_("not a valid pattern: {pattern!r}").format(pattern=line))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
