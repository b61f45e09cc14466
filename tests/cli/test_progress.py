import pytest

from tui_backup.cli.progress import Progress
from tui_backup.model.event import Finished, Progressed, Started, Warned

STARTED = Started(run="r", job="site", repository="local")
WARNED = Warned(run="r", path="/srv/\x1b[2Ja", message="vanished")


def finished(status: str) -> Finished:
    return Finished(
        run="r", job="site", repository="local", status=status, snapshot="ab" * 32, bytes_processed=1_200_000_000,
        bytes_added=14_000_000, duration=12.1,
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
