import os
import time

import pytest

from tests.cli.site import Site
from tests.support.exposition import parsed
from tests.support.mounts import tmpfs

JOB = {
    "job", "last_run", "last_status", "last_success", "next_run", "stale", "expected_every", "integrity", "snapshots",
    "size", "success_rate", "restores", "restore_duration", "restore_throughput", "restore_seconds",
}  # fmt: skip
RUN = {
    "run", "verb", "job", "repository", "kind", "status", "started", "duration", "snapshot", "bytes_added", "warnings",
    "message",
}  # fmt: skip


def test_status_has_every_field(site: Site) -> None:
    site.back_up()
    status = site.call("status", "--json").document
    assert set(status) >= {"healthy", "jobs", "repositories", "running", "problems"}
    assert set(status["jobs"][0]) >= JOB
    assert set(status["repositories"][0]) >= {"name", "free", "low_space", "last_checked"}
    assert (status["healthy"], status["jobs"][0]["snapshots"], status["jobs"][0]["last_status"]) == (True, 1, "ok")


def test_check_is_exit_1_after_a_failure(site: Site) -> None:
    assert site.call("status", "--check").code == 0
    site.source.rename(site.directory / "away")
    site.call("run", "site")
    answer = site.call("status", "--check", "--json")
    assert answer.code == 1
    assert set(answer.document["problems"][0]) >= {"kind", "job", "repository", "message", "hint"}
    assert site.call("status").code == 0


def test_check_says_all_in_its_first_line(site: Site) -> None:
    site.back_up()
    answer = site.call("status", "--check")
    assert answer.code == 0
    assert answer.out.startswith("tui-backup: 1 job, all healthy, newest backup ")
    assert site.call("-q", "status", "--check").out == ""
    site.source.rename(site.directory / "away")
    site.call("run", "site")
    answer = site.call("status", "--check")
    first = answer.out.splitlines()[0]
    assert first.startswith("tui-backup: 1 problem: the last run of job site failed: ")
    assert "problem: the last run of job site failed" in answer.out
    quiet = site.call("-q", "status", "--check")
    assert (quiet.code, quiet.out) == (1, first + "\n")


def test_check_needs_neither_password_nor_repository(site: Site) -> None:
    site.back_up()
    (site.directory / "backups.key").unlink()
    (site.directory / "backups").rename(site.directory / "unplugged")
    assert site.call("status", "--check").code == 0


@pytest.mark.requires("tmpfs")
def test_low_space_is_told_by_share_and_after_a_disk_ran_full(site: Site) -> None:
    lines = site.config.read_text()
    site.config.write_text(lines.replace('"backups.key" }', '"backups.key" }\nmin_free = "50%"'))
    with tmpfs(site.directory / "backups", size="4m"):
        site.back_up()
        assert site.call("status", "--json").document["repositories"][0]["low_space"] is False
        (site.source / "large").write_bytes(os.urandom(3_000_000))
        site.back_up()
        (low,) = site.call("status", "--json").document["problems"]
        assert (low["kind"], low["repository"]) == ("low-space", "local")
        (site.source / "larger").write_bytes(os.urandom(3_000_000))
        assert site.call("run", "site").code == 1
        status = site.call("status", "--json").document
    assert sorted(problem["kind"] for problem in status["problems"]) == ["failed", "low-space"]
    assert status["repositories"][0]["free"] < 1_500_000


def test_the_greeting_is_one_line(site: Site) -> None:
    site.back_up()
    out = site.call("status", "--motd").out
    assert out.startswith("tui-backup: 1 job, all healthy")
    assert out.count("\n") == 1


def test_metrics_are_written_for_prometheus(site: Site) -> None:
    site.back_up()
    answer = site.call("status", "--prometheus")
    assert (answer.code, answer.err) == (0, "")
    families = parsed(answer.out.encode())
    (success,) = families["tui_backup_job_last_success_timestamp_seconds"].values()
    assert abs(success - time.time()) < 600
    site.source.rename(site.directory / "away")
    site.call("run", "site")
    answer = site.call("status", "--check", "--prometheus")
    kinds = parsed(answer.out.encode())["tui_backup_problems"]
    assert (answer.code, sum(kinds.values())) == (1, 1)


@pytest.mark.parametrize("other", ["--json", "--motd"])
def test_metrics_have_one_shape_alone(site: Site, other: str) -> None:
    answer = site.call("status", "--prometheus", other)
    assert (answer.code, answer.out) == (2, "")
    assert "--prometheus exclude each other" in answer.err


def test_history_has_every_field_and_the_newest_first(site: Site) -> None:
    site.back_up()
    second = site.back_up()
    rows = site.call("history", "--json").document
    assert all(set(row) >= RUN for row in rows)
    assert rows[0]["snapshot"] == second
    assert len(site.call("history", "--limit", "1", "--json").document) == 1
    site.call("verify")
    assert [row["verb"] for row in site.call("history", "--verb", "verify", "--json").document] == ["verify"]
    assert len(site.call("history", "--verb", "run", "--job", "site", "--json").document) == 2
    assert site.call("history", "--verb", "dance").code == 2


@pytest.mark.parametrize("command", [["list"], ["history"], ["find", "*"], ["versions", "/a"]], ids=" ".join)
def test_a_job_that_nobody_knows_is_an_error_that_names_the_nearest(site: Site, command: list[str]) -> None:
    site.back_up()
    answer = site.call(*command, "--job", "sit")
    assert answer.code == 2
    assert answer.err == "\n".join(
        ["tui-backup: error: there is no job 'sit' in the configuration", "hint: did you mean site?", ""]
    )


@pytest.mark.parametrize("command", [["list"], ["history"], ["find", "a.txt"]], ids=" ".join)
def test_a_job_that_has_left_the_configuration_is_still_known(site: Site, command: list[str]) -> None:
    site.back_up()
    site.config.write_text(site.config.read_text().replace("[jobs.site]", "[jobs.other]"))
    answer = site.call(*command, "--job", "site", "--json")
    assert answer.code == 0
    assert answer.out.strip() not in {"", "[]"}
    assert site.call(*command, "--job", "other").code == 0


def test_nothing_runs_when_nothing_runs(site: Site) -> None:
    assert site.call("runs", "--json").document == []
    assert site.call("attach", "2026").code == 1
    assert site.call("cancel", "2026").code == 1
