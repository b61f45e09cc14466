"""`key` and `tag`."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import Answer
from tests.cli.site import Site
from tests.support.restic import Restic
from tui_backup.model.standing import Integrity

NEW = "battery staple"


@pytest.fixture
def made(site: Site) -> Site:
    site.back_up()
    return site


def key_file(site: Site) -> Path:
    return site.directory / "backups.key"


def password_file(site: Site, text: str = NEW) -> str:
    path = site.directory / "new-password"
    path.write_text(text + "\n")
    return str(path)


def listed(site: Site) -> list[Any]:
    found = site.call("--json", "key", "list").document["done"]
    assert isinstance(found, list)
    return found


def typed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_a_password_is_added_from_standard_input_and_taken_away(made: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, NEW.encode() + b"\nmore\n")
    added = made.call("--json", "key", "add").document["done"][0]["object"]
    assert [(key["object"] == added, key["current"]) for key in listed(made)] == [(False, True), (True, False)]
    assert made.call("key", "remove", added[:10]).code == 2
    assert made.call("key", "remove", added[:10], "--dry-run").code == 0
    assert len(listed(made)) == 2
    assert made.call("key", "remove", added[:10], "--yes").code == 0
    assert len(listed(made)) == 1


def test_the_key_in_use_and_unknown_ones_are_not_removed(made: Site) -> None:
    (key,) = listed(made)
    assert made.call("key", "remove", key["object"], "--yes").code == 1
    assert made.call("key", "remove", "zz", "--yes").code == 2
    assert len(listed(made)) == 1


@pytest.mark.parametrize("text", [b"", b"\n"])
def test_an_empty_password_is_refused(made: Site, monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    typed(monkeypatch, text)
    assert made.call("key", "add").code == 2
    assert made.call("key", "passwd", "--new-password-file", password_file(made, "")).code == 2
    assert len(listed(made)) == 1


def test_a_short_password_is_warned_of_and_never_shown(made: Site) -> None:
    answer = made.call("key", "add", "--new-password-file", password_file(made, "tiny7"))
    assert answer.code == 0
    assert "only 5 characters" in answer.err
    assert "tiny7" not in answer.out + answer.err


def test_after_a_change_it_is_said_which_key_of_which_file_has_to_follow(made: Site) -> None:
    answer = made.call("key", "passwd", "--new-password-file", password_file(made))
    assert answer.code == 0
    assert f"put the new password into {key_file(made)}" in answer.err
    assert f"repositories.local.password in {made.config}" in answer.err
    assert made.call("list").code == 12
    key_file(made).write_text(NEW)
    assert made.call("list").code == 0


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{ env = "SECRET" }', "set the variable SECRET"),
        ('{ command = ["cat", "backups.key"] }', "have the command cat"),
        ('"literal"', "write the new password as repositories.local.password"),
    ],
)
def test_other_places_are_named_too_and_cannot_be_updated(
    made: Site, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    password = key_file(made).read_text().strip()
    monkeypatch.setenv("SECRET", password)
    text = made.config.read_text().replace('{ file = "backups.key" }', source.replace("literal", password))
    made.config.write_text(text)
    refused = made.call("key", "passwd", "--update-password-file", "--new-password-file", password_file(made))
    assert (refused.code, len(listed(made))) == (2, 1)
    answer = made.call("key", "passwd", "--new-password-file", password_file(made))
    assert answer.code == 0
    assert said in answer.err
    assert password not in answer.err


def test_the_password_file_is_written_if_that_is_wished(made: Site) -> None:
    answer = made.call("--json", "key", "passwd", "--update-password-file", "--new-password-file", password_file(made))
    assert [each["what"] for each in answer.document["done"]] == ["key", "password-file"]
    assert key_file(made).read_text() == NEW + "\n"
    assert key_file(made).stat().st_mode & 0o777 == 0o600
    assert made.call("list").code == 0


def test_a_file_that_is_a_link_stays_one_and_keeps_its_owner(made: Site) -> None:
    secret = made.directory / "secret"
    key_file(made).rename(secret)
    key_file(made).symlink_to("secret")
    if os.geteuid() == 0:
        os.chown(secret, 4321, 4321)
    owner = secret.stat().st_uid
    arguments = ("--update-password-file", "--new-password-file", password_file(made))
    assert made.call("key", "passwd", *arguments).code == 0
    assert key_file(made).is_symlink()
    assert (secret.read_text(), secret.stat().st_uid) == (NEW + "\n", owner)


def test_a_file_that_holds_the_password_of_another_repository_is_not_touched(made: Site) -> None:
    other = '[repositories.other]\nstore = { kind = "local", path = "other" }\npassword = { file = "backups.key" }\n'
    made.config.write_text(made.config.read_text() + other)
    before = key_file(made).read_text()
    arguments = ("-r", "local", "--update-password-file", "--new-password-file", password_file(made))
    answer = made.call("key", "passwd", *arguments)
    assert answer.code == 2
    assert "is the password of other too" in answer.err
    assert key_file(made).read_text() == before
    assert made.call("list", "-r", "local").code == 0


def test_a_password_that_a_file_cannot_hold_is_not_written_to_one(made: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, b" with a space before\n")
    assert made.call("key", "passwd", "--update-password-file").code == 2
    assert made.call("list").code == 0


def test_of_several_repositories_one_has_to_be_named(made: Site) -> None:
    other = '[repositories.other]\nstore = { kind = "local", path = "other" }\npassword = { file = "backups.key" }\n'
    made.config.write_text(made.config.read_text() + other)
    assert made.call("key", "list").code == 2
    assert made.call("key", "list", "-r", "local").code == 0


def tag(site: Site, *arguments: str) -> Answer:
    return site.call("--json", "tag", "latest", *arguments)


def snapshot(site: Site) -> Any:
    (only,) = site.call("--json", "list").document
    return only


def test_a_tag_is_given_and_taken_away_and_the_id_changes(made: Site) -> None:
    before = snapshot(made)
    (done,) = tag(made, "add", "pin", "safe", "pin").document["done"]
    after = snapshot(made)
    assert (done["object"], done["former"]) == (after["id"], before["id"])
    assert before["id"] != after["id"]
    assert after["tags"] == [*before["tags"], "pin", "safe"]
    assert after["original"] == before["id"]
    changing = dict.fromkeys(("id", "short_id", "tags", "original"))
    assert after | changing == before | changing
    assert "ok, pinned" in made.call("list").out
    assert tag(made, "remove", "pin", "safe").code == 0
    assert snapshot(made)["tags"] == before["tags"]
    assert "pinned" not in made.call("list").out


def test_tags_that_are_there_or_not_change_nothing(made: Site) -> None:
    before = snapshot(made)
    (skipped,) = tag(made, "remove", "pin").document["skipped"]
    assert skipped["object"] == before["id"]
    assert tag(made, "add", "pin", "--dry-run").document["done"][0]["object"] == before["id"]
    assert snapshot(made) == before


@pytest.mark.parametrize("name", ["tui-backup", "incomplete", "job=x", "kind=manual", "", "a,b"])
@pytest.mark.parametrize("action", ["add", "remove"])
def test_the_programs_own_tags_are_not_for_people(made: Site, action: str, name: str) -> None:
    before = snapshot(made)
    assert tag(made, action, name).code == 2
    assert snapshot(made) == before


def test_what_is_known_of_a_snapshot_follows_it_to_its_new_id(made: Site) -> None:
    assert made.call("verify", "--read-data").code == 0
    proven = snapshot(made)
    assert proven["integrity"] == Integrity.OK
    assert tag(made, "add", "pin").code == 0
    after = snapshot(made)
    assert (after["integrity"], after["verified_at"]) == (proven["integrity"], proven["verified_at"])
    runs = made.call("--json", "history").document
    assert [run["snapshot"] for run in runs if run["verb"] == "run"] == [after["id"]]
    (shown,) = json.loads(made.call("--json", "status").out)["jobs"]
    assert (shown["integrity"], shown["snapshots"]) == ("ok", 1)


@pytest.mark.requires("restic")
def test_restic_shows_the_tags_and_finds_no_harm(made: Site) -> None:
    assert tag(made, "add", "pin").code == 0
    restic = Restic(made.directory / "backups", key_file(made).read_text().strip())
    (shown,) = restic.json("snapshots")
    assert shown["tags"][-1] == "pin"
    restic.run("tag", "--add", "theirs")
    assert "theirs" in snapshot(made)["tags"]
    restic.check()
