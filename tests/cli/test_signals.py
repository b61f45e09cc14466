import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.cli.site import Site


class Held:
    """A backup in a process of its own."""

    def __init__(self, site: Site, process: "subprocess.Popen[str]") -> None:
        self.site, self.process = site, process

    def first_line(self) -> object:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def held(site: Site) -> Iterator[Held]:
    """A run that has begun, and is seconds away from its end."""
    with open(site.source / "large", "wb") as file:
        file.truncate(3 << 29)
    process = site.start("--json", "run", "site")
    held = Held(site, process)
    try:
        held.first_line()
        yield held
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def statuses(out: str) -> list[str]:
    return [line["status"] for line in map(json.loads, out.splitlines()) if line["type"] == "finished"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_with_130_and_leaves_no_snapshot(held: Held, number: signal.Signals) -> None:
    held.process.send_signal(number)
    code, out, err = held.end()
    assert code == 130
    assert statuses(out) == ["cancelled"]
    assert json.loads(err)["code"] == 130
    assert held.site.call("list", "--json").code == 0
    assert held.site.call("history", "--json").document[0]["status"] == "cancelled"


def test_another_process_sees_follows_and_cancels_a_run(held: Held) -> None:
    running = held.site.call("runs", "--json").document
    assert [(run["job"], run["verb"], run["pid"]) for run in running] == [("site", "run", held.process.pid)]
    follower = held.site.start("attach", running[0]["run"], "--json")
    assert held.site.call("cancel", running[0]["run"][:20]).code == 0
    assert held.end()[0] == 130
    out, _err = follower.communicate(timeout=30)
    assert follower.returncode == 130
    assert json.loads(out.splitlines()[0])["type"] == "started"
    assert statuses(out) == ["cancelled"]


def test_sigusr1_prints_one_line_and_the_run_goes_on(held: Held) -> None:
    held.process.send_signal(signal.SIGUSR1)
    assert held.process.stderr is not None
    assert held.process.stderr.readline().startswith("site → local")
    held.process.send_signal(signal.SIGINT)
    assert held.end()[0] == 130


def test_a_run_outlives_its_terminal(held: Held) -> None:
    held.process.send_signal(signal.SIGHUP)
    code, out, _err = held.end()
    assert (code, statuses(out)) == (0, ["ok"])


def test_a_reader_that_goes_away_ends_no_backup(site: Site) -> None:
    process = site.start("--json", "run", "site")
    assert process.stdout is not None
    process.stdout.close()
    process.wait(timeout=60)
    assert process.stderr is not None
    process.stderr.close()
    assert len(site.call("list", "--json").document) == 1


def test_two_jobs_back_up_into_one_repository_at_once(site: Site) -> None:
    other = site.config.read_text().partition("[jobs.site]")[2]
    site.config.write_text(site.config.read_text() + "[jobs.other]" + other.replace("jobs.site", "jobs.other"))
    site.back_up()
    processes = [site.start("--json", "run", job) for job in ("site", "other")]
    assert [len(process.communicate(timeout=60)) for process in processes] == [2, 2]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(row["job"] for row in site.call("list", "--json").document) == ["other", "site", "site"]
    assert site.call("verify", "--read-data").code == 0
