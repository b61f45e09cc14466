"""Programs of the user's run beside a backup, and say how it went."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.estate import Estate, Ran, build_estate, run_in
from tui_backup.errors import Cancelled, HookFailed, SourceError
from tui_backup.model.event import Output, Warned
from tui_backup.model.run import RunStatus
from tui_backup.primitives.clock import now
from tui_backup.services.restore.rehearsals import rehearse_jobs
from tui_backup.services.status.overview import report

TELL = """
import json, os, sys
known = {name: value for name, value in os.environ.items() if name.startswith("TUI_BACKUP_")}
with open(sys.argv[1], "a") as file:
    file.write(json.dumps(known) + chr(10))
print("told", sys.argv[2] if len(sys.argv) > 2 else "")
sys.exit(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
"""


def toml(value: Any) -> str:
    """Return lists and tables without a colon in their texts in one line."""
    return json.dumps(value).replace('": ', '" = ')


class Hooked(Estate):
    """An estate whose job has hooks."""

    def hook(self, word: str = "-", code: int = 0) -> list[str]:
        """Return a program that notes what it knows, writes a word and ends with a code."""
        return [sys.executable, "-c", TELL, str(self.directory / "told"), word, str(code)]

    def give(self, **hooks: list[Any]) -> None:
        """Write hooks into the configuration."""
        lines = "".join(f"{name} = {toml(value)}\n" for name, value in hooks.items())
        path = self.directory / "config.toml"
        path.write_text(path.read_text().replace("[jobs.site]\n", f"[jobs.site]\n{lines}"))

    @property
    def told(self) -> list[Mapping[str, str]]:
        """What the programs knew, in the order of their calls."""
        path = self.directory / "told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def stages(self) -> list[str]:
        return [each["TUI_BACKUP_HOOK"] for each in self.told]


@pytest.fixture
def estate(tmp_path: Path) -> Hooked:
    return Hooked(*build_estate(tmp_path, ["local"]))


def outputs(ran: Ran) -> list[str]:
    return [event.line for event in ran.events if isinstance(event, Output)]


def test_before_and_after_run_in_order_and_what_they_write_is_told(estate: Hooked) -> None:
    estate.give(before=[estate.hook("one"), estate.hook("two")], after=[estate.hook("three")])
    ran = estate.run()
    assert ran.errors == []
    assert estate.stages == ["before", "before", "after"]
    assert outputs(ran) == ["told one", "told two", "told three"]


def test_they_know_what_was_backed_up(estate: Hooked) -> None:
    estate.give(before=[estate.hook()], after=[estate.hook()])
    ran = estate.run()
    before, after = estate.told
    common = {
        "TUI_BACKUP_JOB": "site",
        "TUI_BACKUP_RUN": ran.ended[0].run,
        "TUI_BACKUP_KIND": "manual",
        "TUI_BACKUP_REPOSITORY": "local",
        "TUI_BACKUP_CONFIG": str(estate.directory / "config.toml"),
    }
    assert before == {**common, "TUI_BACKUP_HOOK": "before"}
    assert after == {
        **common,
        "TUI_BACKUP_HOOK": "after",
        "TUI_BACKUP_STATUS": "ok",
        "TUI_BACKUP_SNAPSHOT": ran.ended[0].snapshot,
        "TUI_BACKUP_SIZE": str(ran.ended[0].bytes_processed),
        "TUI_BACKUP_ADDED": str(ran.ended[0].bytes_added),
        "TUI_BACKUP_MESSAGE": "",
    }


def test_a_failing_before_fails_the_run_before_anything_is_read(estate: Hooked) -> None:
    estate.give(before=[estate.hook("no disk", 4), estate.hook()], after=[estate.hook()], on_failure=[estate.hook()])
    ran = estate.run()
    assert ran.errors == [HookFailed]
    assert ran.statuses == [("local", "failed")]
    assert estate.held("local") == []
    message = ran.ended[0].message or ""
    assert "ended with exit code 4: told no disk" in message
    assert estate.stages == ["before", "on-failure"]
    assert estate.told[1]["TUI_BACKUP_STATUS"] == "failed"
    assert estate.told[1]["TUI_BACKUP_MESSAGE"] == message


def test_a_before_that_takes_too_long_fails_the_run(estate: Hooked) -> None:
    estate.give(before=[{"command": ["sleep", "300"], "timeout": "1s"}])
    ran = estate.run()
    assert ran.errors == [HookFailed]
    assert "took longer than 1 seconds" in str(ran.outcome.error)


def test_a_program_that_is_not_there_is_named(estate: Hooked) -> None:
    estate.give(before=[["/no/such/program", "now"]])
    assert "cannot run /no/such/program now: " in str(estate.run().outcome.error)


def test_a_failing_after_leaves_the_snapshot_as_it_is_and_the_history_shows_it(estate: Hooked) -> None:
    estate.give(after=[estate.hook("bad", 3), estate.hook("good")], on_failure=[estate.hook()])
    ran = estate.run()
    assert ran.errors == [HookFailed]
    assert ran.outcome.error is None
    assert ran.statuses == [("local", "ok"), (None, "failed")]
    assert estate.stages == ["after", "after", "on-failure"]
    with estate.open() as workspace:
        rows = workspace.history.run(ran.ended[0].run)
        assert sorted((row.repository or "", row.status) for row in rows) == [("", "failed"), ("local", "ok")]
        assert all(snapshot.status == "ok" for snapshot in estate.held("local"))
        status = report(workspace.config, workspace.history, workspace.state_dir, now())
    (trouble,) = status.problems
    assert "ended with exit code 3: told bad" in trouble.message


def test_on_failure_runs_whatever_failed(estate: Hooked) -> None:
    estate.give(on_failure=[estate.hook("oh")], after=[estate.hook()])
    os.rename(estate.source, estate.directory / "elsewhere")
    ran = estate.run()
    assert ran.errors == [SourceError]
    assert estate.stages == ["on-failure"]
    assert outputs(ran) == ["told oh"]


def test_on_failure_runs_where_the_repository_fails(estate: Hooked) -> None:
    estate.run()
    estate.give(on_failure=[estate.hook()])
    estate.hide("local")
    estate.run()
    (told,) = estate.told
    assert told["TUI_BACKUP_STATUS"] == "failed"
    assert "local" in told["TUI_BACKUP_MESSAGE"]


def test_a_failing_on_failure_is_a_warning(estate: Hooked) -> None:
    estate.give(before=[["false"]], on_failure=[["false"], estate.hook()])
    ran = estate.run()
    assert ran.errors == [HookFailed]
    (warning,) = [event.message for event in ran.events if isinstance(event, Warned)]
    assert warning == "the program false of on_failure ended with exit code 1"
    assert estate.stages == ["on-failure"]


def test_cancelling_ends_the_program_and_on_failure_has_its_word(estate: Hooked) -> None:
    estate.give(before=[["sh", "-c", "echo go; exec sleep 300"]], on_failure=[estate.hook()])
    with estate.open() as workspace:
        workspace.bus.subscribe(lambda event: workspace.cancel.cancel() if isinstance(event, Output) else None)
        ran = run_in(workspace)
    assert ran.errors == [Cancelled]
    assert ran.ended[-1].status == RunStatus.CANCELLED
    assert [each["TUI_BACKUP_STATUS"] for each in estate.told] == ["cancelled"]


def test_hooks_run_once_where_several_repositories_are_tried(tmp_path: Path) -> None:
    estate = Hooked(*build_estate(tmp_path))
    estate.run()
    estate.give(before=[estate.hook()], after=[estate.hook()])
    estate.hide("local")
    ran = estate.run()
    assert ran.statuses == [("local", "failed"), ("offsite", "ok")]
    assert estate.stages == ["before", "after"]
    assert estate.told[1]["TUI_BACKUP_REPOSITORY"] == "offsite"


def test_a_dry_run_runs_none(estate: Hooked) -> None:
    estate.run()
    estate.give(before=[estate.hook()], after=[estate.hook()], on_failure=[estate.hook()])
    with estate.open() as workspace:
        rehearse_jobs(workspace, [workspace.job("site")])
    assert estate.told == []


def test_secrets_are_masked_in_what_they_write(estate: Hooked) -> None:
    password = (estate.directory / "local.key").read_text().strip()
    estate.give(before=[["cat", str(estate.directory / "local.key")], ["sh", "-c", f"echo {password} >&2; exit 1"]])
    ran = estate.run()
    assert outputs(ran) == ["********", "********"]
    assert password not in str(ran)
