"""A user's program is heard line by line, gets no secret and no terminal, and ends with everything it started."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from tui_backup.errors import Cancelled
from tui_backup.primitives import programs
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.processes import has_ended
from tui_backup.primitives.programs import LONGEST_LINE, MOST_LINES, Ended, Program, run


def shell(script: str, timeout_s: float = 20, **options: object) -> Program:
    return Program(argv=("sh", "-c", script), timeout_s=timeout_s, **options)  # type: ignore[arg-type]  # few options


def python(script: str, **options: object) -> Program:
    return Program(argv=(sys.executable, "-c", script), timeout_s=20, **options)  # type: ignore[arg-type]  # few options


def heard(program: Program) -> list[str]:
    lines: list[str] = []
    run(program, lines.append)
    return lines


def pid_in(path: Path) -> int:
    until = time.monotonic() + 10
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < until
        time.sleep(0.01)
    return int(path.read_text())


def test_lines_come_as_they_are_written_from_both_streams() -> None:
    program = shell("echo one; echo two >&2; printf 'three'")
    assert heard(program) == ["one", "two", "three"]


def test_a_line_is_heard_while_the_program_goes_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")

    def open_it(line: str) -> None:
        if line == "first":
            (tmp_path / "gate").write_text("second")

    ended = run(shell(f"echo first; cat {tmp_path}/gate"), open_it)
    assert (ended.went_well, ended.last_line) == (True, "second")


@pytest.mark.parametrize(
    ("script", "code", "verdict"),
    [
        ("echo good", 0, "ended with exit code 0: good"),
        ("echo bad; exit 7", 7, "ended with exit code 7: bad"),
        ("exit 7", 7, "ended with exit code 7"),
        ("kill -9 $$", -9, "was ended by signal 9"),
    ],
)
def test_the_verdict_says_how_it_ended(script: str, code: int, verdict: str) -> None:
    ended = run(shell(script))
    assert (ended.code, ended.verdict, ended.went_well) == (code, verdict, code == 0)


def test_a_program_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        run(Program(argv=("/no/such/program",), timeout_s=1))


def test_it_has_no_terminal_no_input_and_a_session_of_its_own() -> None:
    script = "import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()), sys.stdout.isatty())"
    assert heard(python(script)) == ["True '' False"]


def test_it_reads_what_it_is_given_however_much() -> None:
    given = b"x" * (1 << 20)
    assert heard(python("import sys; print(len(sys.stdin.read()))", given=given)) == ["1048576"]


def test_a_program_that_reads_nothing_of_it_does_no_harm() -> None:
    assert run(shell("exit 0", given=b"x" * (1 << 20))).went_well


def test_it_knows_its_variables_and_nothing_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    program = Program(argv=("env",), timeout_s=20, variables={"TUI_BACKUP_JOB": "site"}, directory=str(tmp_path))
    lines = heard(program)
    assert "TUI_BACKUP_JOB=site" in lines
    assert not any("hush" in line for line in lines)


def test_it_starts_where_it_is_told(tmp_path: Path) -> None:
    assert heard(shell("pwd -P", directory=str(tmp_path))) == [str(tmp_path.resolve())]


def test_a_line_is_cut_and_what_is_no_text_does_no_harm() -> None:
    long, raw, coloured = heard(shell(r"head -c 9999 /dev/zero | tr '\0' x; printf '\na\377b\n\033[31mred\n'"))
    assert long == "x" * LONGEST_LINE + "…"
    assert raw == "a\ufffdb"
    assert coloured == r"\x1b[31mred"


def test_so_many_lines_are_passed_on_and_the_last_one() -> None:
    lines = heard(shell(f"seq {MOST_LINES + 5}"))
    assert lines[MOST_LINES - 1 :] == [str(MOST_LINES), "5 more lines are left out", str(MOST_LINES + 5)]


def test_much_without_an_end_of_line_takes_no_memory() -> None:
    ended = run(shell("head -c 50000000 /dev/zero"))
    assert ended.went_well
    assert len(ended.last_line) < 10 * LONGEST_LINE


def test_what_takes_too_long_ends_with_everything_it_started(tmp_path: Path) -> None:
    script = f"echo begun; setsid sleep 300 & echo $! > {tmp_path}/child; sleep 300"
    ended = run(shell(script, timeout_s=0.5))
    assert (ended.code, ended.verdict) == (None, "took longer than 0.5 seconds: begun")
    assert has_ended(pid_in(tmp_path / "child"))


def test_who_does_not_heed_the_polite_signal_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "_KILL_AFTER_S", 0.2)
    ended = run(shell(f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.1; done", timeout_s=0.3))
    assert ended.code is None
    assert has_ended(pid_in(tmp_path / "pid"))


def test_cancelling_ends_it(tmp_path: Path) -> None:
    token = CancelToken()

    def cancel_once_it_runs() -> None:
        pid_in(tmp_path / "pid")
        token.cancel()

    thread = threading.Thread(target=cancel_once_it_runs)
    thread.start()
    with pytest.raises(Cancelled):
        run(shell(f"sleep 300 & echo $! > {tmp_path}/pid; wait"), cancel=token)
    thread.join()
    assert has_ended(pid_in(tmp_path / "pid"))


def test_what_a_program_leaves_running_goes_on_and_nobody_waits_for_it(tmp_path: Path) -> None:
    ended: Ended = run(shell(f"sleep 30 & echo $! > {tmp_path}/pid; echo started"))
    left = pid_in(tmp_path / "pid")
    assert (ended.went_well, ended.is_held, ended.last_line) == (True, True, "started")
    assert not has_ended(left)
    os.kill(left, 9)


def test_an_error_of_the_listener_ends_the_program(tmp_path: Path) -> None:
    def choke(_line: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(shell(f"echo $$ > {tmp_path}/pid; echo line; sleep 300"), choke)
    assert has_ended(pid_in(tmp_path / "pid"))
