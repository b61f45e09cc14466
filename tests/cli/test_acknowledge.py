"""`acknowledge`, and what it says."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.calling import Call
from tests.support.estate import Estate, build_estate
from tui_backup.history.alerts import Alert, Turn
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.services.alerts.alert_turns import identity_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FULL = Trouble(kind=TroubleKind.LOW_SPACE, repository="local", message="repository local has only 1 kB free")
STALE = Trouble(kind=TroubleKind.STALE, job="site", message="job site last succeeded 2 days ago")


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A job whose data changed suddenly, and that is stale."""
    estate = build_estate(tmp_path, ("local",))
    with estate.open() as workspace:
        change = SuddenChange(job="site", run="20261121T120000Z-00000000", time=NOON, reason="everything is another")
        workspace.history.note_sudden_change(change)
        alert = Alert(identity=identity_of(STALE), trouble=STALE, since=NOON, told_at=NOON)
        workspace.history.update_alerts(lambda _alerts: Turn(alerts=(alert,)))
        workspace.history.hold("site", "local", "its data changed suddenly")
    return estate


def test_what_is_acknowledged_is_said_done_and_recorded(estate: Estate, call: Call) -> None:
    config = str(estate.directory / "config.toml")
    answer = call("--config", config, "acknowledge", "site")
    assert answer.code == 0
    assert "everything is another" in answer.out
    assert "job site last succeeded 2 days ago; nobody is reminded of it" in answer.out
    with estate.open() as workspace:
        assert [alert.is_acknowledged for alert in workspace.history.alerts()] == [True]
        assert workspace.history.holds() == []
        records, _unended, _strange = workspace.audit.records()
    begun, ended = (record for record in records if record.verb == "acknowledge")
    assert (begun.object, ended.object) == ("job site", "job site")
    assert "20261121T120000Z-00000000, stale since 2026-11-21T12:00:00Z" in begun.detail
    again = call("--config", config, "acknowledge", "site")
    assert (again.code, again.out, again.err) == (0, "", "there is nothing to acknowledge of job site\n")


def test_the_document_names_everything(estate: Estate, call: Call) -> None:
    config = str(estate.directory / "config.toml")
    tried = call("--config", config, "--json", "acknowledge", "site", "--dry-run")
    done = call("--config", config, "--json", "acknowledge", "site")
    assert tried.document == done.document
    facts = [(deed["what"], deed["object"], deed["since"]) for deed in done.document["done"]]
    assert facts == [
        ("sudden-change", "site", "2026-11-21T12:00:00.000Z"),
        ("stale", "site", "2026-11-21T12:00:00.000Z"),
    ]
    assert call("--config", config, "--json", "acknowledge", "site").document["done"] == []


def test_what_belongs_to_a_repository_alone_is_acknowledged_by_its_name(estate: Estate, call: Call) -> None:
    config = str(estate.directory / "config.toml")
    with estate.open() as workspace:
        alert = Alert(identity=identity_of(FULL), trouble=FULL, since=NOON, told_at=NOON)
        workspace.history.update_alerts(lambda _alerts: Turn(alerts=(alert,)))
    wrong = call("--config", config, "acknowledge", "local")
    assert (wrong.code, "hint: tui-backup acknowledge -r local" in wrong.err) == (2, True)
    assert call("--config", config, "acknowledge").code == 2
    assert call("--config", config, "acknowledge", "-r", "gone").code == 2
    narrowed = call("--config", config, "--json", "acknowledge", "site", "-r", "local")
    assert narrowed.document["done"] == []
    (done,) = call("--config", config, "--json", "acknowledge", "-r", "local").document["done"]
    assert (done["what"], done["object"]) == ("low-space", "local")
    with estate.open() as workspace:
        known = {alert.trouble.kind: alert.is_acknowledged for alert in workspace.history.alerts()}
        assert known == {TroubleKind.STALE: False, TroubleKind.LOW_SPACE: True}
        assert workspace.history.sudden_changes()["site"].acknowledged_at is None
        records, _unended, _strange = workspace.audit.records()
    assert {record.object for record in records if record.verb == "acknowledge"} == {"repository local"}
    again = call("--config", config, "acknowledge", "-r", "local")
    assert (again.code, again.err) == (0, "there is nothing to acknowledge of local\n")


def test_a_job_that_nobody_knows_is_a_mistake(estate: Estate, call: Call) -> None:
    answer = call("--config", str(estate.directory / "config.toml"), "acknowledge", "sight")
    assert (answer.code, "did you mean site?" in answer.err) == (2, True)
