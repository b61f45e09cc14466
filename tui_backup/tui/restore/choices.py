"""Choices: everything that somebody decides on in the wizard, kept while they go back and forth."""

import os
import shlex
from dataclasses import dataclass, field
from enum import IntEnum

from tui_backup.engine.restore_request import Overwrite
from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.patterns import Patterns, meant
from tui_backup.services.restore.restore_candidates import Candidate
from tui_backup.services.restore.restores import Conduct, Wish, words_of
from tui_backup.services.restore.unfinished import Unfinished
from tui_backup.tui.restore.marks import Marks


class Where(IntEnum):
    """Where things go."""

    BESIDE = 0
    ANOTHER = 1
    IN_PLACE = 2


@dataclass
class Choices:
    """What to bring back, from where, and where to."""

    candidate: Candidate | None = None
    marks: Marks = field(default_factory=Marks)
    patterns: str = ""
    """What to leave out, as somebody typed it."""
    where: Where = Where.BESIDE
    beside: str = ""
    """A new directory."""
    another: str = ""
    """A directory as somebody typed it."""
    overwrite: Overwrite | None = None
    """None: as the place has it."""
    delete: bool = False
    verify: bool = False
    trust: bool = False

    @property
    def target(self) -> str | None:
        """The directory below which paths are recreated; None: in place."""
        match self.where:
            case Where.BESIDE:
                return self.beside
            case Where.ANOTHER:
                return os.path.expanduser(self.another.strip())
            case Where.IN_PLACE:
                return None

    @property
    def usual_overwrite(self) -> Overwrite:
        """What happens to what is there already where nobody says anything."""
        return Overwrite.ALWAYS if self.where is Where.IN_PLACE else Overwrite.NEVER

    @property
    def wish(self) -> Wish:
        """The same as a restore is asked for it; raises UsageError where a pattern is none."""
        is_fresh = self.where is Where.BESIDE
        return Wish(
            target=self.target,
            include=self.marks.include,
            exclude=(*self.marks.exclude, *typed_patterns(self.patterns)),
            overwrite=None if is_fresh or self.overwrite is self.usual_overwrite else self.overwrite,
            delete=self.delete and not is_fresh,
            trust=self.trust,
        )

    @property
    def conduct(self) -> Conduct:
        """How it is carried out."""
        return Conduct(verify=self.verify)

    def take_up(self, note: Unfinished) -> bool:
        """Choose what an unfinished restore was asked to do; return whether all of that can be chosen here."""
        paths = [meant(line) for line in note.include]
        if any(path is None for path in paths):
            return False
        left_out = {line: meant(line) for line in note.exclude}
        self.marks.replace(filter(None, paths), filter(None, left_out.values()))
        self.patterns = " ".join(shlex.quote(line) for line, path in left_out.items() if path is None)
        self.where = Where.IN_PLACE if note.target is None else Where.ANOTHER
        self.another = os.fsdecode(note.target or b"")
        self.overwrite, self.delete, self.verify = note.overwrite, note.delete, note.verify
        return True

    @property
    def words(self) -> tuple[str, ...] | None:
        """The same on the command line; None while something is missing or wrong."""
        if self.candidate is None:
            return None
        try:
            return words_of(self.candidate.copy, self.wish, self.conduct)
        except UsageError:
            return None


def typed_patterns(text: str) -> tuple[str, ...]:
    """Return patterns that somebody typed, apart by spaces, quoted where they hold some; raises UsageError."""
    try:
        lines = tuple(_split(text))
    except ValueError as error:
        raise UsageError(_("a quotation mark is not closed: {text}").format(text=text)) from error
    Patterns(lines)
    return lines


def _split(text: str) -> list[str]:
    words = shlex.shlex(text, posix=True, punctuation_chars=False)
    words.whitespace_split = True
    words.commenters = ""
    words.escape = ""
    return list(words)
