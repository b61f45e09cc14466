"""`copy`, and what the other commands say of copies."""

import threading
import time
from pathlib import Path

import pytest

from tests.cli.calling import Call
from tests.support.estate import Estate, build_estate
from tests.support.faulty import Fault, FaultyStore
from tui_backup.errors import Cancelled
from tui_backup.model.event import Event, Started
from tui_backup.services.backup.copies import choose, copy
from tui_backup.services.runs.current import cancel as cancel_run
from tui_backup.services.storage.snapshots import Filter, reach

STEP = {"what", "object", "detail"}


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path / "estate", ("local",), spare=("usb", "nas"))
    estate.run()
    (estate.source / "b").write_text("two\n")
    estate.run()
    return estate


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """An estate in which nothing is changed; its repository `gone` was never made."""
    estate = build_estate(tmp_path_factory.mktemp("refusing") / "estate", ("local",), spare=("usb",))
    with (estate.directory / "config.toml").open("a") as config:
        config.write('[repositories.gone]\nstore = { kind = "local", path = "gone" }\npassword = "word"\n')
    estate.run()
    return estate


def ids(estate: Estate, name: str) -> list[str]:
    return [snapshot.id for snapshot in estate.held(name)]


@pytest.mark.requires("restic")
def test_named_snapshots_are_copied_and_those_that_are_there_are_skipped(estate: Estate, program: Call) -> None:
    first, second = ids(estate, "local")
    answer = program("--json", "copy", first[:10], "--to", "usb")
    assert (answer.code, answer.err) == (0, "")
    assert list(answer.document) == ["done", "skipped", "problems"]
    (step,) = answer.document["done"]
    assert set(step) >= STEP
    assert (step["what"], step["object"], step["copy"]) == ("snapshot", first, *ids(estate, "usb"))
    again = program("--json", "copy", first, "latest:site", "latest", "--to", "usb").document
    assert [step["object"] for step in again["skipped"]] == [first]
    assert [step["object"] for step in again["done"]] == [second]
    assert estate.restic("usb").json("snapshots")[1]["original"] == second
    estate.restic("usb").check()


def test_people_are_told_what_was_copied_read_and_added(estate: Estate, program: Call) -> None:
    (copied,) = ids(estate, "local")[-1:]
    answer = program("copy", "latest", "--to", "usb")
    assert answer.out == f"local: snapshot {copied[:8]}: copied to usb as {ids(estate, 'usb')[0][:8]}\n"
    assert answer.err.startswith("site → usb: ok: copy took ")
    assert ": 1 snapshot copied, " in answer.err
    history = program("--json", "history", "--limit", "1").document[0]
    assert (history["verb"], history["repository"], history["status"]) == ("copy", "usb", "ok")


def test_a_dry_run_copies_and_records_nothing(estate: Estate, program: Call) -> None:
    answer = program("--json", "copy", "latest", "--to", "usb", "--dry-run")
    assert (answer.code, [step["copy"] for step in answer.document["done"]]) == (0, [None])
    assert ids(estate, "usb") == []
    assert program("--json", "history", "--limit", "1").document[0]["verb"] == "run"


def test_a_copy_that_was_asked_for_is_no_longer_forgotten(estate: Estate, program: Call) -> None:
    with estate.open() as workspace:
        identity = estate.held("local")[0].identity
        workspace.history.note_forgotten("usb", [identity, "another"])
        program("copy", identity, "--to", "usb")
        assert workspace.history.forgotten("usb") == {"another"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["latest", "--to", "local", "-r", "local"], 2, "cannot be copied to the repository in which it lies"),
        (["latest", "--to", "nowhere"], 2, "there is no repository 'nowhere'"),
        (["latest"], 2, "--to"),
        (["01234567", "--to", "usb"], 1, "there is no snapshot 01234567"),
        (["latest", "--to", "gone"], 10, "there is no repository in"),
    ],
)
def test_what_cannot_be_copied_is_refused_and_runs_nothing(
    refusing: Estate, call: Call, arguments: list[str], code: int, message: str
) -> None:
    answer = call("-c", str(refusing.directory / "config.toml"), "copy", *arguments)
    assert (answer.code, message in answer.err) == (code, True), answer.err
    with refusing.open() as workspace:
        assert {row.verb.value for row in workspace.history.runs()} == {"run"}


def test_a_snapshot_that_lies_there_only_is_no_copy_of_itself(estate: Estate, program: Call) -> None:
    (held,) = ids(estate, "local")[:1]
    answer = program("copy", held, "--to", "local")
    assert (answer.code, f"snapshot {held[:8]} lies in local itself" in answer.err) == (2, True)


def test_what_is_damaged_is_a_problem_and_the_others_are_copied(estate: Estate, program: Call) -> None:
    damaged, good = estate.held("local")
    estate.lose_tree("local", damaged)
    answer = program("--json", "copy", damaged.id, good.id, "--to", "usb")
    assert answer.code == 1
    assert [step["object"] for step in answer.document["done"]] == [good.id]
    (problem,) = answer.document["problems"]
    assert (problem["object"], damaged.short_id in problem["detail"]) == ("local", True)
    assert program("--json", "history", "--limit", "1").document[0]["status"] == "failed"


def test_the_list_shows_copies_together_and_as_rows(estate: Estate, program: Call) -> None:
    program("copy", "latest", "--to", "usb")
    shown = program("list").out.splitlines()
    assert len(shown) == 3
    assert "local, usb" in shown[2]
    document = program("--json", "list").document
    assert [row["repository"] for row in document] == ["local", "local", "usb"]
    assert [row["copy_of"] for row in document] == [None, None, document[1]["id"]]


def test_a_copy_that_is_cancelled_says_so(estate: Estate) -> None:
    gate = threading.Event()
    slow = FaultyStore(estate.store("usb"), Fault(on="put", prefix="locks", stall=gate))
    with estate.open(usb=slow) as workspace:

        def cancel(run: str) -> None:
            cancel_run(workspace.state_dir, run)
            time.sleep(0.1)
            gate.set()

        def hear(event: Event) -> None:
            if isinstance(event, Started):
                threading.Thread(target=cancel, args=(event.run,)).start()

        chosen = choose(reach(workspace), ["latest"], "usb", Filter())
        workspace.bus.subscribe(hear)
        (part,) = copy(workspace, chosen, "usb")
        assert isinstance(part.error, Cancelled)
        (row,) = (run for run in workspace.history.runs("site") if run.verb == "copy")
        assert (row.status, row.repository) == ("cancelled", "usb")
    assert ids(estate, "usb") == []
