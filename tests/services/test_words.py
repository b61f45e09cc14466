"""Every fixed word of the data has a name in every language."""

from collections.abc import Callable, Iterable
from enum import StrEnum

import pytest

from tui_backup.formats.restic.repair import index, misplaced, packs, snapshots
from tui_backup.model.entry import EntryKind
from tui_backup.model.problem import ProblemKind
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import SAFETY, SnapshotStatus
from tui_backup.model.standing import Integrity
from tui_backup.primitives.i18n import use
from tui_backup.services import words
from tui_backup.services.backup.backups import MANUAL, PRE_OPERATION
from tui_backup.services.upkeep.repairs import RepairKind

STEPS = {
    value
    for module in (index, misplaced, packs, snapshots)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str) and "-" in value
}

SAME = {"ok", "manual", "config"}
"""Words that Portuguese has too."""


@pytest.mark.parametrize(
    ("word", "values"),
    [
        (words.status_word, RunStatus),
        (words.status_word, SnapshotStatus),
        (words.verb_word, Verb),
        (words.kind_word, (MANUAL, PRE_OPERATION, SAFETY, "scheduled")),
        (words.integrity_word, Integrity),
        (words.action_word, ("new", "overwrite", "metadata", "skip", "keep", "refuse", "delete")),
        (words.damage_word, ProblemKind),
        (words.repair_word, STEPS),
        (words.repair_kind_word, RepairKind),
        (words.setup_word, ("configuration", "state", "password", "repository")),
    ],
)
def test_a_fixed_word_is_itself_in_english_and_another_in_portuguese(
    word: Callable[[str], str], values: Iterable[str] | type[StrEnum]
) -> None:
    fixed = [str(value) for value in values]
    assert [word(value) for value in fixed] == fixed
    use("pt_BR")
    assert [value for value in fixed if word(value) == value and value not in SAME] == []
    assert word("weekly-label") == "weekly-label"


def test_every_kind_of_thing_has_a_word() -> None:
    assert words.entry_word(EntryKind.DIR) == "dir"
    use("pt_BR")
    assert all(map(words.entry_word, EntryKind))
    assert words.entry_word(EntryKind.FILE) == "arquivo"
