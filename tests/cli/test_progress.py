import os
import pty

import pytest

from tui_backup.cli.progress import Progress
from tui_backup.model.event import Finished, Output, Progressed, Started, Warned
from tui_backup.services.restore.rehearsals import DRY_RUN

STARTED = Started(run="r", job="site", repository="local")
WARNED = Warned(run="r", path="/srv/\x1b[2Ja", message="vanished")


def finished(status: str) -> Finished:
    return Finished(
        run="r", job="site", repository="local", status=status, snapshot="ab" * 32, files_new=3,
        bytes_processed=1_200_000_000, bytes_added=14_000_000, duration=12.1,
    )  # fmt: skip


def test_a_line_says_how_far_the_run_is() -> None:
    progress = Progress()
    progress.hear(STARTED)
    assert progress.line() == "site → local: starting"
    progress.hear(
        Progressed(run="r", files_done=42, bytes_done=610, files_total=60, bytes_total=1000, current="/srv/\ta")
    )
    assert progress.line() == r"site → local: 61 %, 610 Bytes of 1.0 kB, 42 files, /srv/\ta"


def test_without_a_total_there_is_no_share() -> None:
    progress = Progress()
    progress.hear(STARTED)
    progress.hear(Progressed(run="r", files_done=1, bytes_done=610))
    assert progress.line() == "site → local: 610 Bytes, 1 file"


def test_what_counts_anew_has_no_rate_below_nothing() -> None:
    progress = Progress()
    progress.hear(STARTED)
    for done in (0, 900, 20):
        progress.hear(Progressed(run="r", files_done=1, bytes_done=done, bytes_total=1000))
    assert progress.line() == "site → local: 2 %, 20 Bytes of 1.0 kB, 1 file"


def test_warnings_and_the_end_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    for event in (STARTED, WARNED, finished("ok")):
        progress.hear(event)
    assert capsys.readouterr().err.splitlines() == [
        r"tui-backup: warning: /srv/\x1b[2Ja: vanished",
        "site → local: ok: backed up 1.2 GB in 12 s (14.0 MB new), snapshot abababab",
    ]


def test_quiet_says_nothing_of_a_good_run(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(quiet=True)
    for event in (STARTED, WARNED, finished("ok")):
        progress.hear(event)
    assert capsys.readouterr().err == ""


def test_quiet_tells_all_of_a_bad_one(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(quiet=True)
    for event in (STARTED, WARNED, finished("incomplete")):
        progress.hear(event)
    said = capsys.readouterr().err
    assert "vanished" in said
    assert "site → local: incomplete" in said


def test_verbose_says_how_far_it_is_without_being_asked(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(every_s=0.0)
    progress.hear(STARTED)
    progress.hear(Progressed(run="r", files_done=1, bytes_done=610))
    assert capsys.readouterr().err == "site → local: 610 Bytes, 1 file\n"


def test_an_error_that_follows_is_not_told_twice(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(errors_follow=True)
    progress.hear(STARTED)
    progress.hear(Finished(run="r", job="site", repository="local", status="failed", message="no disk"))
    assert capsys.readouterr().err == ""


def said_on_a_terminal(monkeypatch: pytest.MonkeyPatch, run: str, *, all_warnings: bool, count: int) -> list[str]:
    """Return what a terminal that knows nothing but lines shows of a run with so many warnings."""
    leader, follower = pty.openpty()
    monkeypatch.setenv("TERM", "dumb")
    with open(follower, "w", encoding="utf-8") as stream, monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        progress = Progress(all_warnings=all_warnings)
        progress.hear(STARTED)
        for _number in range(count):
            progress.hear(WARNED)
        progress.hear(Finished(run=run, job="site", repository="local", status="ok"))
        said = b""
        while "site → local: ok".encode() not in said or not said.endswith(b"\n"):
            said += os.read(leader, 1 << 16)
    os.close(leader)
    return said.decode().splitlines()


@pytest.mark.parametrize(("run", "place"), [("r", "tui-backup --verbose attach r"), (DRY_RUN, "--verbose")])
def test_a_terminal_gets_the_first_warnings_and_their_number(
    monkeypatch: pytest.MonkeyPatch, run: str, place: str
) -> None:
    said = said_on_a_terminal(monkeypatch, run, all_warnings=False, count=1020)
    assert len(said) == 22
    assert said[20] == f"tui-backup: warning: 1,000 more warnings, shown by: {place}"


def test_a_terminal_gets_all_warnings_if_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(said_on_a_terminal(monkeypatch, "r", all_warnings=True, count=30)) == 31


def test_a_file_gets_all_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(all_warnings=False)
    for _number in range(30):
        progress.hear(WARNED)
    progress.hear(finished("ok"))
    assert len(capsys.readouterr().err.splitlines()) == 31


@pytest.mark.parametrize("outputs", [True, False])
def test_what_programs_write_is_told_to_who_asks(capsys: pytest.CaptureFixture[str], outputs: bool) -> None:
    progress = Progress(outputs=outputs)
    progress.hear(Output(run="r", program="flush all", line="\x1b[31mdone"))
    assert capsys.readouterr().err == ("flush all: \\x1b[31mdone\n" if outputs else "")
