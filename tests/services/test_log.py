"""The program's log."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.mounts import tmpfs
from tests.support.running import ROOT, desk, fill
from tui_backup.errors import Locked, StoreError
from tui_backup.model.event import Finished
from tui_backup.model.run import Verb
from tui_backup.primitives.secret import Secret
from tui_backup.services.log import ProgramLog
from tui_backup.services.runs.run_scope import run_scope

NOON = datetime(2026, 11, 21, 12, 0, 0, 123_456, tzinfo=UTC)

WRITER = """
import sys
from pathlib import Path
from tui_backup.services.log import ProgramLog
log = ProgramLog(Path(sys.argv[1]), format_="json")
for number in range(int(sys.argv[3])):
    log.info("line", writer=sys.argv[2], number=number, filling="x" * 2000)
"""


def as_json(state_dir: Path, level: str = "info") -> ProgramLog:
    return ProgramLog(state_dir, level, "json", clock=lambda: NOON)


def files(log: ProgramLog) -> list[Path]:
    """Return the files of a log, the oldest first."""
    return sorted(log.path.parent.glob(f"{log.path.name}*"), reverse=True)


def lines(log: ProgramLog) -> list[dict[str, Any]]:
    return [json.loads(line) for file in files(log) for line in file.read_text().splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> ProgramLog:
    return ProgramLog(tmp_path / "state", "info", clock=lambda: NOON)


def test_an_unexpected_exception_leaves_its_traceback(log: ProgramLog, tmp_path: Path) -> None:
    try:
        raise ValueError("broken\n2026-11-21T12:00:00.000Z 1 info forged")
    except ValueError as error:
        log.unexpected(error)
        as_json(tmp_path).unexpected(error)
    text = log.path.read_text()
    assert "Traceback" in text
    assert "    ValueError: broken\n" in text
    assert [line for line in text.splitlines() if "forged" in line and not line.startswith(" ")] == []
    (line,) = lines(as_json(tmp_path))
    assert (line["level"], line["message"]) == ("error", "ValueError")
    assert "ValueError: broken" in line["traceback"]


def test_no_file_is_made_before_the_first_line_and_it_is_private(log: ProgramLog) -> None:
    assert not log.path.exists()
    log.warning("trouble")
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.path.parent.stat().st_mode & 0o777 == 0o700


def test_lines_below_the_level_are_left_out(log: ProgramLog) -> None:
    log.debug("detail")
    log.info("fact")
    assert "fact" in log.path.read_text()
    assert "detail" not in log.path.read_text()


def test_a_line_of_text_says_when_who_how_grave_and_what(log: ProgramLog) -> None:
    log.warning("cannot read", path='/a "b"', job="site", count=3, repository=None)
    when, pid, rest = log.path.read_text().split(" ", 2)
    assert (when, pid.isdecimal()) == ("2026-11-21T12:00:00.123Z", True)
    assert rest == 'warning cannot read path="/a \\"b\\"" job=site count=3\n'


def test_a_line_of_json_is_an_object(tmp_path: Path) -> None:
    log = as_json(tmp_path)
    log.error("café\n\udcff", job="site", duration=1.5, repository=None)
    (line,) = lines(log)
    assert line.pop("pid") > 0
    assert line == {
        "time": "2026-11-21T12:00:00.123Z",
        "level": "error",
        "message": "café\n?",
        "job": "site",
        "duration": 1.5,
    }


def test_names_cannot_forge_a_line_nor_reach_the_terminal(log: ProgramLog) -> None:
    log.warning("cannot read\nno such thing", path="/a\n2026 error \x1b[31m")
    assert log.path.read_text().count("\n") == 1
    assert "\x1b" not in log.path.read_text()


def test_it_is_five_files_of_a_megabyte_at_most(log: ProgramLog) -> None:
    for _number in range(90):
        log.info("x" * 100_000)
    assert [file.name for file in files(log)] == [*(f"tui-backup.log.{n}" for n in (4, 3, 2, 1)), "tui-backup.log"]
    assert all(file.stat().st_size <= 1024 * 1024 for file in files(log))
    assert len(list(log.path.parent.iterdir())) == 5


def test_processes_that_write_and_rotate_at_once_lose_no_line(tmp_path: Path) -> None:
    count = 600
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, str(number), str(count)], cwd=ROOT) for number in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    log = as_json(tmp_path)
    assert len(files(log)) > 2
    written = [(line["writer"], line["number"]) for line in lines(log)]
    assert sorted(written) == sorted((str(writer), number) for writer in range(3) for number in range(count))


def test_a_log_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("in the way")
    ProgramLog(tmp_path).info("fact")
    (tmp_path / "other" / "log" / "tui-backup.log").mkdir(parents=True)
    ProgramLog(tmp_path / "other").info("fact")


@pytest.mark.requires("tmpfs")
def test_a_line_that_a_full_disk_cut_short_stands_alone(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "state", size="64k"):
        log = as_json(tmp_path / "state")
        log.info("first")
        fill(tmp_path / "state")
        for _number in range(100):
            log.info("second", filling="x" * 300)
        assert not log.path.read_bytes().endswith(b"\n")
        (tmp_path / "state" / "filler").unlink()
        log.info("third")
        *_others, torn, last = log.path.read_text().splitlines()
    assert json.loads(last)["message"] == "third"
    assert "third" not in torn


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_secret_that_was_given_away_is_not_in_it(tmp_path: Path, format_: str) -> None:
    secret = Secret('p"a/s\\s wörd-4711')
    log = ProgramLog(tmp_path, format_=format_)
    assert log.path.parent.exists() is False
    plain = secret.reveal()
    told = (
        f"{plain}",
        f"{secret}",
        f"{plain!r}",
        json.dumps(plain, ensure_ascii=False),
        "https://me:p%22a%2Fs%5Cs%20w%C3%B6rd-4711@host/",
        f"{secret!r} {[secret]}",
    )
    for text in told:
        log.warning(text, reason=text)
        log.unexpected(ValueError(text))
    written = log.path.read_text()
    assert written.count("********") >= 3 * len(told)
    assert "4711" not in written


def test_a_secret_that_nobody_has_used_cannot_be_guessed_from_gaps(log: ProgramLog) -> None:
    Secret("harmless-word")
    log.info("a harmless-word")
    assert "a harmless-word" in log.path.read_text()


def test_every_run_is_in_it_with_job_id_and_result(tmp_path: Path) -> None:
    with desk(tmp_path) as here:
        with run_scope(here, verb=Verb.BACKUP, job="site", repository="local", kind="manual") as first:
            first.watch.warn(b"/srv/\xff", "denied")
            first.finish(
                Finished(run=first.run_id, job="site", repository="local", status="ok", snapshot="ab", bytes_added=5)
            )
            first.start("offsite")
            first.finish(Finished(run=first.run_id, job="site", repository="offsite", status="incomplete"))
        with pytest.raises(StoreError), run_scope(here, verb=Verb.VERIFY, repository="local") as second:
            raise StoreError("the store does not answer")
    text = [line.split(" ", 2)[2] for line in here.log.path.read_text().splitlines()]
    run = f"run={first.run_id} verb=run job=site kind=manual"
    assert text[:2] == [
        f"info run began {run} repository=local",
        f"warning denied {run} path=/srv/\N{REPLACEMENT CHARACTER}",
    ]
    assert text[2].startswith(f"info run ended {run} repository=local result=ok duration=")
    assert text[2].endswith(" snapshot=ab bytes_added=5 warnings=1")
    assert text[3].startswith(f"warning run ended {run} repository=offsite result=incomplete")
    assert text[4] == f"info run began run={second.run_id} verb=verify repository=local"
    assert text[5].startswith(
        f"error run ended run={second.run_id} verb=verify repository=local result=failed "
        'reason="the store does not answer" duration='
    )


def test_a_run_that_may_not_begin_is_in_it(tmp_path: Path) -> None:
    with (
        desk(tmp_path) as here,
        run_scope(here, verb=Verb.BACKUP, job="site", repository="local"),
        pytest.raises(Locked),
        run_scope(here, verb=Verb.BACKUP, job="site", repository="local") as second,
    ):
        raise AssertionError(second)
    (line,) = [line for line in here.log.path.read_text().splitlines() if " run refused " in line]
    assert " warning run refused run=" in line
    assert ' job=site repository=local reason="job site is already running (pid ' in line


def test_warnings_without_end_do_not_drive_everything_else_out(tmp_path: Path) -> None:
    with desk(tmp_path) as here, run_scope(here, verb=Verb.VERIFY, repository="local") as scope:
        for number in range(1200):
            scope.watch.warn(None, f"warning {number}")
    text = here.log.path.read_text()
    assert ("warning 999 " in text, "warning 1000 " in text) == (True, False)
    assert "result=failed" in text
    assert "warnings=1200" in text
