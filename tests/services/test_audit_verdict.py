"""What a check of the audit has shown is told plainly, and no more than it has shown."""

from pathlib import Path

import msgspec
import pytest

from tui_backup.history.anchors import Gathered
from tui_backup.history.audit_check import Anchor, Examination
from tui_backup.services.audit import Audit
from tui_backup.services.audit_verdict import verdict

NO_LOGS = Gathered(anchors=(), sources=())


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    audit = Audit(tmp_path, socket=str(tmp_path / "nobody"))
    with audit.act("forget", "snapshot 00112233", "by hand"):
        pass
    return audit


def head_of(found: Examination) -> Anchor:
    assert found.head is not None
    return Anchor(n=found.head.n, hash=found.head.hash, chain="", state="", source="paper")


def test_without_anchors_nothing_is_proven(audit: Audit) -> None:
    told = verdict(audit.examine(gathered=NO_LOGS))
    assert (told.problems, told.unended, told.is_proven) == ((), (), False)
    assert told.conclusion[0] == "3 records, each follows from the one before it"
    assert "no anchors" in told.conclusion[1]


def test_a_head_that_was_kept_elsewhere_proves_all_before_it(audit: Audit) -> None:
    head = head_of(audit.examine(gathered=NO_LOGS))
    assert verdict(audit.examine([head], NO_LOGS)).is_proven
    audit.begin("prune", "repository local")
    told = verdict(audit.examine([head], NO_LOGS), lambda _time: "then")
    assert not told.is_proven
    assert told.unended == ("begun and not ended: 4, then, prune repository local",)


def test_what_was_altered_is_named_by_its_line(audit: Audit) -> None:
    head = head_of(audit.examine(gathered=NO_LOGS))
    told = verdict(audit.examine([msgspec.structs.replace(head, hash="0" * 64)], NO_LOGS))
    assert told.problems
    assert not told.is_proven
