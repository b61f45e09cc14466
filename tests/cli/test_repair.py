"""`repair` as somebody calls it."""

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.site import Site
from tests.support.restic import Restic

SECOND = """
[repositories.second]
store = { kind = "local", path = "second" }
password = { file = "second.key" }
"""


def spoil(site: Site, kind: str = "data") -> Path:
    files = [path for path in (site.directory / "backups" / kind).rglob("*") if path.is_file()]
    chosen = max(files, key=lambda path: path.stat().st_size)
    os.chmod(chosen, 0o600)
    content = bytearray(chosen.read_bytes())
    content[len(content) // 2] ^= 1
    chosen.write_bytes(content)
    return chosen


def with_a_copy(site: Site) -> str:
    site.config.write_text(site.config.read_text() + SECOND)
    assert site.call("init").code == 0
    (site.source / "big").write_bytes(os.urandom(50_000))
    snapshot = site.back_up()
    assert site.call("copy", snapshot, "--to", "second").code == 0
    return snapshot


def test_nothing_to_do(site: Site) -> None:
    site.back_up()
    for kind in ("index", "packs", "snapshots"):
        answer = site.call("repair", kind, "-r", "local")
        assert (answer.code, answer.out) == (0, "there is nothing to do\n")


def test_without_a_terminal_the_plan_is_shown_and_nothing_done(site: Site) -> None:
    with_a_copy(site)
    pack = spoil(site)
    answer = site.call("repair", "packs", "-r", "local", "--from", "second")
    assert answer.code == 2
    assert f"data/{pack.parent.name}/{pack.name}" in answer.out
    assert "nothing was touched" in answer.err
    assert pack.exists()


@pytest.mark.requires("restic")
def test_packs_and_index_are_healed_from_the_copy(site: Site) -> None:
    with_a_copy(site)
    shutil.rmtree(site.source)
    pack, index = spoil(site), spoil(site, "index")
    rehearsed = site.call("--json", "repair", "packs", "-r", "local", "--from", "second", "--dry-run")
    assert rehearsed.code == 0
    assert pack.exists()
    answer = site.call("--json", "repair", "packs", "-r", "local", "--from", "second", "--yes")
    assert answer.code == 0, answer
    assert answer.document["done"] == rehearsed.document["done"]
    assert {step["what"] for step in answer.document["done"]} >= {"replace-index", "fetch-blobs"}
    assert (answer.document["skipped"], answer.document["problems"]) == ([], [])
    assert not pack.exists()
    assert not index.exists()
    Restic(site.directory / "backups", (site.directory / "backups.key").read_text().strip()).check()


def test_what_stays_broken_is_told_once_and_prune_says_what_mends_it(site: Site) -> None:
    (site.source / "big").write_bytes(os.urandom(50_000))
    site.back_up()
    packs = [path for path in (site.directory / "backups" / "data").rglob("*") if path.is_file()]
    max(packs, key=lambda path: path.stat().st_size).unlink()
    answer = site.call("repair", "index", "-r", "local", "--yes")
    assert answer.code == 1
    assert answer.out.count("stays broken: pack-missing") == 1
    quiet = site.call("--quiet", "repair", "index", "-r", "local", "--yes")
    assert quiet.code == 0
    refused = site.call("prune")
    assert (refused.code, refused.out) == (1, "")
    assert "which snapshots need, is in no index" in refused.err
    assert "repair packs" in refused.err
    assert "nothing to do" not in refused.err


def test_what_is_lost_for_good_is_named_and_left_out(site: Site) -> None:
    (site.source / "big").write_bytes(os.urandom(50_000))
    snapshot = site.back_up()
    (site.source / "big").unlink()
    spoil(site)
    answer = site.call("repair", "packs", "-r", "local", "--yes")
    assert answer.code == 1
    assert f"{site.inside}/big" in answer.out
    assert snapshot[:8] in answer.out
    assert "repair snapshots -r local" in answer.err
    rewritten = site.call("--json", "repair", "snapshots", "-r", "local", "--yes")
    assert rewritten.code == 0
    assert rewritten.document["done"][0]["object"] == snapshot
    assert rewritten.document["done"][0]["paths"] == [f"{site.inside}/big"]
    rows = {row["id"]: row["status"] for row in site.call("list", "--json").document}
    assert rows.pop(snapshot) == "ok"
    assert list(rows.values()) == ["incomplete"]
    again = site.call("repair", "snapshots", "-r", "local")
    assert again.code == 0
    assert f"tui-backup forget {snapshot[:8]}" in again.out


def test_errors_and_verify_say_what_mends(site: Site) -> None:
    site.back_up()
    spoil(site, "index")
    failed = site.call("run", "site")
    assert failed.code == 1
    assert "hint: `tui-backup repair index -r local` mends it" in failed.err
    assert "`tui-backup repair" in site.call("verify").out
    assert site.call("repair", "index", "-r", "local", "--yes").code == 0
    assert site.call("run", "site").code == 0
    spoil(site)
    assert "`tui-backup repair packs -r local` mends what it can" in site.call("verify", "--read-data").out


def test_a_repository_must_be_named(site: Site) -> None:
    site.call("init")
    assert site.call("repair", "index").code == 2
    assert site.call("repair", "index", "-r", "other").code == 2
    assert site.call("repair", "packs", "-r", "local", "--from", "other").code == 2
