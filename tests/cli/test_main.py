import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calling import Call
from tui_backup import __version__
from tui_backup.cli.commands import completion
from tui_backup.cli.main import LATER, command_lines


def test_help_names_every_command_and_none_that_comes_later(call: Call) -> None:
    answer = call("--help")
    assert answer.code == 0
    assert all(f"\n  {name} " in answer.out for name in command_lines())
    assert not any(f"\n  {name} " in answer.out for name in LATER)


def test_help_imports_no_command() -> None:
    code = "import sys; from tui_backup.cli.main import run; run(['-h']); print(sorted(sys.modules), file=sys.stderr)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    for module in (
        "tui_backup.cli.commands",
        "rich",
        "humanize",
        "cryptography",
        "sqlite3",
        "zstandard",
        "logging.handlers",
    ):
        assert f"'{module}'" not in said


def test_the_version_is_printed(call: Call) -> None:
    assert call("--version").out == f"tui-backup {__version__}\n"


def test_without_a_command_there_is_one_line_and_exit_2(call: Call) -> None:
    answer = call()
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("tui-backup: error: the UI needs a terminal\n")


@pytest.mark.parametrize("name", LATER)
def test_a_documented_command_of_a_later_version_says_so(call: Call, name: str) -> None:
    answer = call(name, "--dry-run", "anything")
    assert answer.code == 2
    assert answer.err == f"tui-backup: error: this version cannot run '{name}' yet\n"


def test_what_is_scheduled_stands_alone(call: Call) -> None:
    assert call("--run-scheduled", "status").code == 2


def test_a_wrong_option_is_one_sentence_and_a_hint(call: Call) -> None:
    answer = call("run", "--al")
    assert answer.code == 2
    assert answer.err.startswith("tui-backup: error: no such option '--al'")
    assert answer.err.endswith("hint: see tui-backup run --help\n")


def test_errors_are_json_when_json_is_asked_for(call: Call) -> None:
    for arguments in (["--json", "nonsense"], ["nonsense", "--json"]):
        answer = call(*arguments)
        assert json.loads(answer.err) == {
            "type": "error",
            "code": 2,
            "message": "no such command 'nonsense'",
            "hint": "see tui-backup --help",
        }


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = f"{sys.executable} -m tui_backup completion bash | true"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_every_command_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
    assert [name for name in command_lines() if f"| `{name}" not in text] == []


@pytest.mark.parametrize("name", command_lines())
def test_every_command_has_help_and_takes_json(call: Call, name: str) -> None:
    answer = call(name, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: tui-backup {name} ")
    assert "--json" in answer.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(call: Call, shell: str) -> None:
    assert f"_TUI_BACKUP_COMPLETE={shell}_complete" in call("completion", shell).out


def test_an_error_that_nobody_expected_is_one_sentence_and_no_traceback(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_shell: str) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(completion, "get_completion_class", fail)
    answer = call("completion", "bash")
    assert (answer.code, answer.err) == (
        1,
        "tui-backup: error: unexpected error: ZeroDivisionError: division by zero\n",
    )
