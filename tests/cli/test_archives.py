"""Repositories of archives on the command line: the same commands as for any other."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.calling import Answer, Call
from tests.support.archives import KEY, tar_gz
from tests.support.trees import traits_of, write_tree

_CONFIG = """
state_dir = "state"
timezone = "America/Sao_Paulo"
[repositories.archives]
format = "{kind}"
store = {{ kind = "local", path = "archives" }}
history_file = true
{key}
[jobs.site]
repositories = ["archives"]
sources = [{{ kind = "files", paths = ["source"] }}]
keep = {{ max_backups = 2 }}
"""


class Place(NamedTuple):
    directory: Path
    program: Call

    @property
    def archives(self) -> Path:
        return self.directory / "archives"

    def call(self, *arguments: str) -> Answer:
        return self.program("--config", str(self.directory / "config.toml"), *arguments)

    def well(self, *arguments: str) -> Answer:
        answer = self.call(*arguments)
        assert answer.code == 0, answer.err
        return answer

    def configure(self, kind: str, key: str = "") -> None:
        (self.directory / "config.toml").write_text(_CONFIG.format(kind=kind, key=key))
        (self.directory / "config.toml").chmod(0o600)

    def names(self) -> list[str]:
        return [row["id"] for row in self.well("--json", "list").document]


@pytest.fixture
def place(tmp_path: Path, call: Call) -> Place:
    write_tree(tmp_path / "source", {"index.html": b"<html>", "more/b": bytes(100_000), "e\x1b[31mvil": b"x"})
    return Place(tmp_path, call)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("kind", ["tar.gz", "tar.zst", "zip"])
def test_a_backup_is_made_looked_into_proven_and_restored(place: Place, kind: str, *, sealed: bool) -> None:
    place.configure(kind, f'encryption_key = "{KEY}"' if sealed else "")
    place.well("init")
    place.well("run", "site")
    (row,) = place.well("--json", "list").document
    assert row["id"].endswith(f"-manual.{kind}{'.enc' if sealed else ''}")
    assert (row["job"], row["kind"], row["status"], row["files"]) == ("site", "manual", "ok", 3)
    assert (row["format"], row["encrypted"], row["integrity"]) == (kind, sealed, "unverified")
    lines = place.well("--json", "ls", "latest:site", str(place.directory / "source")).lines
    assert [Path(line["path"]).name for line in lines] == ["e\x1b[31mvil", "index.html", "more"]
    assert place.well("dump", row["id"], str(place.directory / "source/index.html")).out == "<html>"
    place.well("verify", "--read-data")
    assert place.well("--json", "list").document[0]["integrity"] == "ok"
    place.well("restore", "latest", "--target", str(place.directory / "out"))
    restored = place.directory / "out" / str(place.directory / "source").lstrip("/")
    assert traits_of(restored) == traits_of(place.directory / "source")


def test_a_policy_forgets_archives_of_its_job_and_no_others(place: Place) -> None:
    place.configure("tar.gz")
    place.archives.mkdir()
    foreign = "backup_2025-08-29T05-00-00.tar.gz"
    (place.archives / foreign).write_bytes(tar_gz({"a.txt": b"old"}))
    for _number in range(3):
        place.well("run", "site")
    first, *ours = place.names()
    assert first == foreign
    assert len(ours) == 2
    listed = json.loads((place.archives / "backup_history.json").read_text())
    assert [each["name"] for each in listed] == [foreign, *ours]
    beside = {f"{name}{ending}" for name in ours for ending in ("", ".metadata.json", ".entries.jsonl.zst")}
    there = {path.name for path in place.archives.iterdir() if path.is_file()}
    assert there == beside | {foreign, "backup_history.json", "tui-backup.json"}
    assert place.well("dump", foreign, "/a.txt").out == "old"


def test_what_is_forgotten_by_name_is_gone_at_once(place: Place) -> None:
    place.configure("zip")
    place.well("run", "site")
    place.well("run", "site")
    first, second = place.names()
    place.well("forget", first, "--yes")
    assert place.names() == [second]
    place.well("tag", second, "add", "pin")
    assert place.well("--json", "list").document[0]["tags"] == ["pin"]
    assert place.call("forget", second, "--yes").code == 2


def test_a_wrong_key_and_a_missing_one_are_told_apart(place: Place) -> None:
    place.configure("tar.gz", f'encryption_key = "{KEY}"')
    place.well("run", "site")
    place.configure("tar.gz", f'encryption_key = "{KEY}!"')
    answer = place.call("list")
    assert answer.code == 12
    assert "not the one" in answer.err
    place.configure("tar.gz")
    assert [row["job"] for row in place.well("--json", "list").document] == [None]
    assert place.call("restore", "latest", "--target", str(place.directory / "out")).code == 12
    answer = place.call("run", "site")
    assert answer.code == 2
    assert "has no encryption_key" in answer.err
    place.configure("tar.gz", 'encryption_key = "too short"')
    answer = place.call("run", "site")
    assert answer.code == 2
    assert "32 characters" in answer.err


def test_a_plain_archive_among_sealed_ones_is_never_the_latest_and_warned_about(place: Place) -> None:
    place.configure("tar.gz", f'encryption_key = "{KEY}"')
    place.well("run", "site")
    (ours,) = place.names()
    forged = "backup_2222-01-01T00-00-00.tar.gz"
    (place.archives / forged).write_bytes(tar_gz({"etc/passwd": b"root::0:0"}))
    assert place.names() == [ours, forged]
    assert f"Restore {ours} " in place.well("restore", "latest", "--target", str(place.directory / "out")).out
    answer = place.well("restore", forged, "--target", str(place.directory / "other"), "--dry-run")
    assert "is not encrypted" in answer.out + answer.err


def test_an_old_sealed_archive_is_not_the_latest_because_its_list_is_gone(place: Place) -> None:
    place.configure("tar.gz", f'encryption_key = "{KEY}"')
    place.well("run", "site")
    (ours,) = place.names()
    renamed = "backup_2222-01-01T00-00-00.tar.gz.enc"
    (place.archives / renamed).write_bytes((place.archives / ours).read_bytes())
    (place.archives / f"{renamed}.metadata.json").write_bytes((place.archives / f"{ours}.metadata.json").read_bytes())
    for beside in (b"", b"rubbish"):
        (place.archives / f"{renamed}.entries.jsonl.zst.enc").write_bytes(beside)
        assert f"Restore {ours} " in place.well("restore", "latest", "--target", str(place.directory / "out")).out
        answer = place.well("restore", renamed, "--target", str(place.directory / "other"), "--dry-run")
        assert "an older archive under a new name" in answer.out + answer.err
    (place.archives / f"{renamed}.entries.jsonl.zst.enc").unlink()
    answer = place.call("verify", "--read-data")
    assert answer.code == 1
    assert f"{renamed}: its list of entries is missing" in answer.out


def test_what_another_program_has_encrypted_is_listed_as_such_and_never_the_latest(place: Place) -> None:
    place.configure("tar.gz")
    place.well("run", "site")
    (ours,) = place.names()
    (place.archives / "backup_2222-01-01T00-00-00.tar.gz.enc").write_bytes(b"Salted__" + bytes(500))
    answer = place.well("list")
    assert answer.out.splitlines()[-1].count("encrypted by another program") == 1
    assert [row["foreign"] for row in place.well("--json", "list").document] == [False, True]
    assert f"Restore {ours} " in place.well("restore", "latest", "--target", str(place.directory / "out")).out
    answer = place.call("ls", "backup_2222-01-01T00-00-00.tar.gz.enc")
    assert answer.code == 1
    assert "was encrypted by another program" in answer.err


def test_damage_is_named_with_what_it_touches(place: Place) -> None:
    place.configure("zip")
    place.well("run", "site")
    (name,) = place.names()
    archive = place.archives / name
    content = bytearray(archive.read_bytes())
    content[content.index(b"<html>")] ^= 1
    archive.chmod(0o600)
    archive.write_bytes(content)
    answer = place.call("--json", "verify", "--read-data")
    assert answer.code == 1
    problems = answer.document["problems"]
    assert all(problem["snapshots"] == [name] for problem in problems)
    assert any(path.endswith("index.html") for problem in problems for path in problem["paths"])
    assert place.call("restore", "latest", "--target", str(place.directory / "out")).code == 3
