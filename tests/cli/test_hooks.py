"""Programs beside a run, as the command line tells of them."""

import sys

from tests.cli.site import Site

BEFORE, AFTER = '[["sh", "-c", "echo flushed"]]', '[["sh", "-c", "echo gone wrong; exit 7"]]'


def with_hooks(site: Site) -> None:
    text = site.config.read_text().replace("[jobs.site]\n", f"[jobs.site]\nbefore = {BEFORE}\nafter = {AFTER}\n")
    site.config.write_text(text)


def test_a_failing_after_is_an_error_though_the_snapshot_is_ok(site: Site) -> None:
    with_hooks(site)
    answer = site.call("run", "site")
    assert answer.code == 1
    assert "site → local: ok: backed up" in answer.err
    assert (
        "tui-backup: error: the program sh -c 'echo gone wrong; exit 7' of after ended with exit code 7" in answer.err
    )
    assert "flushed" not in answer.err
    (snapshot,) = site.call("--json", "list").document
    assert snapshot["status"] == "ok"
    rows = site.call("--json", "history").document
    assert sorted((row["repository"] or "", row["status"]) for row in rows) == [("", "failed"), ("local", "ok")]


def test_what_they_write_is_told_to_who_asks(site: Site) -> None:
    with_hooks(site)
    assert "sh -c 'echo flushed': flushed" in site.call("-v", "run", "site").err
    lines = site.call("--json", "run", "site").lines
    told = [(line["program"], line["line"]) for line in lines if line["type"] == "output"]
    assert told == [("sh -c 'echo flushed'", "flushed"), ("sh -c 'echo gone wrong; exit 7'", "gone wrong")]
    run = site.call("--json", "history", "--limit", "1").document[0]["run"]
    assert "sh -c 'echo flushed': flushed" in site.call("attach", run).err


def test_a_dry_run_runs_nothing(site: Site) -> None:
    with_hooks(site)
    answer = site.call("-v", "run", "--dry-run", "site")
    assert answer.code == 0
    assert "flushed" not in answer.err


def test_what_is_started_does_not_ignore_the_signals_that_a_run_outlives(site: Site) -> None:
    script = "import signal; print([signal.getsignal(n) is signal.SIG_IGN for n in (1, 2, 15)])"
    before = f'before = [["{sys.executable}", "-c", "{script}"]]'
    site.config.write_text(site.config.read_text().replace("[jobs.site]\n", f"[jobs.site]\n{before}\n"))
    (output,) = [line for line in site.call("--json", "run", "site").lines if line["type"] == "output"]
    assert output["line"] == "[False, False, False]"
