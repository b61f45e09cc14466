"""Secrets reach nobody who watches: whatever goes wrong, they are in no log, record, metric and message."""

import sys

import pytest

from tests.cli.site import Site
from tests.support.servers.receivers import Answer, receiver

SECRET = "5ecret/pass+word-0123456789abcdefgh"

STORES = {
    "s3": 'kind = "s3", bucket = "b", endpoint = "http://127.0.0.1:9", access_key = "{}", secret_key = "{}"',
    "sftp": 'kind = "sftp", url = "sftp://backup@127.0.0.1:9/srv", password = "{}"',
}

SAYING = """
import os, sys
print("given:", sys.argv[1:], dict(os.environ))
print("complaint:", sys.argv[1:], dict(os.environ), file=sys.stderr)
sys.exit(3)
"""


def with_text(site: Site, old: str, new: str) -> None:
    site.config.write_text(f'log_level = "debug"\nmetrics_file = "m.prom"\n{site.config.read_text().replace(old, new)}')
    site.config.chmod(0o600)


def assert_untold(site: Site, *said: str) -> None:
    """Fail if a secret is in what was said or in anything that the program has written."""
    state = site.directory / "state"
    files = [path for path in (*state.rglob("*"), site.directory / "m.prom") if path.is_file()]
    assert any(path.name == "tui-backup.log" for path in files)
    texts = {str(path): path.read_bytes().decode("utf-8", "replace") for path in files} | {"said": "".join(said)}
    forms = (SECRET, "5ecret%2Fpass", "5ecret/pass", "0123456789abcdefgh")
    assert {place for place, text in texts.items() for form in forms if form in text} == set()


@pytest.mark.parametrize("kind", STORES)
def test_of_a_store_that_is_not_there(site: Site, kind: str) -> None:
    store = STORES[kind].replace("{}", SECRET)
    with_text(site, 'kind = "local", path = "backups"', store)
    answer = site.call("-v", "run", "site")
    assert answer.code == 1, answer.err
    assert_untold(site, answer.out, answer.err)


def test_of_a_password_file_that_does_not_open_the_repository(site: Site) -> None:
    site.back_up()
    (site.directory / "backups.key").write_text(f"{SECRET}\nsecond line\n")
    answer = site.call("run", "site")
    assert answer.code == 12
    with_text(site, "", "")
    assert_untold(site, answer.err, site.call("status").out)


def test_of_a_command_that_says_its_secret_and_fails(site: Site) -> None:
    command = [sys.executable, "-c", f"import sys; print({SECRET!r}); print({SECRET!r}, file=sys.stderr); sys.exit(1)"]
    with_text(site, '{ file = "backups.key" }', f"{{ command = {command} }}")
    answer = site.call("run", "site")
    assert "failed with exit code 1: ********" in answer.err
    assert_untold(site, answer.out, answer.err)


def test_of_a_hook_that_prints_what_it_has(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_PASSWORD", SECRET)
    hook = [sys.executable, "-c", SAYING, SECRET]
    with_text(site, '{ file = "backups.key" }', '{ env = "SITE_PASSWORD" }')
    site.config.write_text(site.config.read_text().replace("[jobs.site]", f"[jobs.site]\nafter = [{hook}]"))
    answer = site.call("run", "site")
    assert answer.code == 1
    assert "complaint:" in "".join(path.read_text() for path in site.directory.glob("state/runs/*/events.jsonl"))
    assert_untold(site, answer.out, answer.err)


@pytest.mark.parametrize("status", [403, 503])
def test_of_a_receiver_that_repeats_what_it_was_sent(site: Site, status: int) -> None:
    with receiver() as server:
        server.answer = lambda got: Answer(status=status, body=f"no: {got.path} {got.headers} {got.body!r}".encode())
        address = f"{server.url}/hooks/{SECRET}?token={SECRET}"
        with_text(site, "", "")
        notifier = f'[notifiers.ops]\nkind = "webhook"\nurl = "{address}"\nsecret = "{SECRET}"\non = ["success"]\n'
        site.config.write_text(f"{site.config.read_text()}\n{notifier}")
        site.back_up()
        assert server.got
        answer = site.call("status")
    assert_untold(site, answer.out, answer.err)


def test_of_a_path_that_is_named_with_it(site: Site) -> None:
    with_text(site, '{ file = "backups.key" }', f'"{SECRET}"')
    site.config.write_text(site.config.read_text().replace('["source"]', f'["source", "/nowhere/{SECRET}"]'))
    answer = site.call("run", "site")
    assert answer.code == 3
    log = (site.directory / "state" / "log" / "tui-backup.log").read_text()
    assert SECRET not in log
    assert "********" in log
