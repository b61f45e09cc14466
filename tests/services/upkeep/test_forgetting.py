"""What is forgotten by name, beyond what `tests/cli/test_prune.py` sees."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.faulty import flipped
from tui_backup.errors import Corrupted, PlanOutdated, SnapshotUnknown
from tui_backup.model.watch import Watch
from tui_backup.services.storage.snapshots import Filter, reach
from tui_backup.services.upkeep import forgetting, pruning


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path, ("local", "copy"))
    estate.run()
    estate.run()
    return estate


def forget(estate: Estate, names: Sequence[str]) -> tuple[str, ...]:
    with estate.open() as workspace:
        planned = forgetting.plan(reach(workspace), names, Filter())
        assert [each.error for each in forgetting.forget(workspace, planned)] == [None]
        return planned.warnings


def test_a_plan_of_another_workspace_is_renewed_unless_something_has_changed(estate: Estate) -> None:
    first, second = estate.held("local")
    with estate.open() as one, estate.open() as other:
        planned = forgetting.plan(reach(one), [first.id], Filter())
        renewed = forgetting.renewed(other, planned)
        assert [found.snapshot for found in renewed.gone] == [first]
        forget(estate, [second.id])
        with pytest.raises(PlanOutdated):
            forgetting.renewed(other, planned)
        forget(estate, [first.id])
        with pytest.raises(PlanOutdated):
            forgetting.renewed(other, planned)


def test_a_snapshot_that_cannot_be_read_can_be_given_up_and_its_copy_comes_back(estate: Estate) -> None:
    lost, kept = estate.held("local")
    store = estate.store("local")
    damaged = flipped(store.get(f"snapshots/{lost.id}"), 300)
    store.delete(f"snapshots/{lost.id}")
    store.put(f"snapshots/{lost.id}", damaged)
    with estate.open() as workspace, pytest.raises(Corrupted) as caught:
        pruning.plan(workspace, [], "local", Watch())
    assert f"forget {lost.id[:12]} -r local" in str(caught.value.hint)
    with pytest.raises(SnapshotUnknown):
        forget(estate, ["0123456789ab"])
    (warning,) = forget(estate, [lost.id[:12]])
    assert "nobody knows what is given up with it" in warning
    with estate.open() as workspace:
        pruning.plan(workspace, [], "local", Watch())
    assert estate.run().errors == []
    held = estate.held("local")
    assert {each.identity for each in held} >= {lost.id, kept.id}
    assert len(held) == 3
