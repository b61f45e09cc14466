"""Copies between repositories of different formats: equal, named as copies, made once, and never of what is damaged."""

import hashlib
import os
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tui_backup.errors import Corrupted
from tui_backup.formats.base import Subset
from tui_backup.model.entry import EntryKind
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import Snapshot, SnapshotStatus, short
from tui_backup.model.watch import Watch
from tui_backup.services.backup.copies import choose, copy
from tui_backup.services.storage.snapshots import Filter, open_shelf, reach
from tui_backup.services.upkeep import forgetting, pruning
from tui_backup.services.upkeep.damage import CureKind, cures
from tui_backup.services.upkeep.verification import VerifyRequest, verify

ARCHIVES = {"gz": "tar.gz", "zst": "tar.zst", "zips": "zip"}


def built(directory: Path, *names: str, spare: tuple[str, ...] = ()) -> Estate:
    """Return an estate whose repositories are of the formats that their names tell."""
    estate = build_estate(directory / "estate", names, spare=spare, archives=ARCHIVES)
    (estate.source / "deep").mkdir()
    (estate.source / "deep" / "b").write_bytes(os.urandom(3 << 20))
    (estate.source / "link").symlink_to("a")
    os.link(estate.source / "a", estate.source / "z")
    (estate.source / "odd\n\xe9").write_text("odd")
    return estate


def contents(estate: Estate, name: str, snapshot: Snapshot) -> list[tuple[bytes, str, int, int, bytes, str]]:
    """Return what a snapshot holds, as far as every format can tell it."""
    with estate.open() as workspace:
        repository = workspace.repository(name)
        return [
            (
                entry.path,
                entry.kind,
                entry.mode,
                entry.mtime_ns // 1_000_000_000,
                entry.target,
                hashlib.sha256(entry.origin.open(entry).read()).hexdigest() if entry.kind is EntryKind.FILE else "",
            )
            for entry in repository.entries(snapshot)
        ]


def spoil(archive: Path) -> None:
    """Flip a bit in the middle of a file."""
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.chmod(0o600)
    archive.write_bytes(content)


def facts(snapshot: Snapshot) -> tuple[object, ...]:
    return snapshot.time, snapshot.host, snapshot.job, snapshot.kind, snapshot.paths, snapshot.status


@pytest.mark.parametrize("names", [("local", "gz", "zips"), ("gz", "local", "zst"), ("zips", "gz", "local")], ids=str)
def test_every_repository_of_a_job_gets_the_same_snapshot_whatever_its_format(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    estate = built(tmp_path, *names)
    ran = estate.run()
    assert (ran.errors, ran.statuses) == ([], [(name, "ok") for name in names])
    (original,) = estate.held(names[0])
    for name in names[1:]:
        (snapshot,) = estate.held(name)
        assert facts(snapshot) == facts(original)
        assert (snapshot.identity, snapshot.copy_of, snapshot.kin) == (original.id, original.id, original.kin)
        assert contents(estate, name, snapshot) == contents(estate, names[0], original)
    again = estate.run()
    assert again.errors == []
    assert [len(estate.held(name)) for name in names] == [2, 2, 2]


@pytest.mark.requires("restic")
def test_restic_reads_copies_of_archives_and_those_of_its_own_are_copied_without_a_job(tmp_path: Path) -> None:
    estate = built(tmp_path, "gz", "local", spare=("zips",))
    estate.run()
    restic = estate.restic("local")
    restic.check()
    restic.run("backup", str(estate.source / "deep"), "--tag", "mine")
    with estate.open() as workspace:
        foreign = next(each for each in open_shelf(workspace, "local").snapshots if each.job is None)
        workspace.repository("zips", make=True)
        reached = reach(workspace)
        (part,) = copy(workspace, choose(reached, [foreign.id], "zips", Filter()), "zips")
    assert part.error is None
    (made,) = estate.held("zips")
    assert (made.job, made.tags, made.identity) == (None, ("mine",), foreign.id)
    assert contents(estate, "zips", made) == contents(estate, "local", foreign)


def test_a_repository_that_was_away_catches_up(tmp_path: Path) -> None:
    estate = built(tmp_path, "local", "gz")
    estate.run()
    estate.hide("gz")
    estate.run()
    estate.show("gz")
    assert estate.run().errors == []
    held = {name: [each.identity for each in estate.held(name)] for name in ("local", "gz")}
    assert sorted(held["gz"]) == sorted(held["local"])
    assert len(held["gz"]) == 3


@pytest.mark.parametrize("target", ["gz", "zips"])
def test_what_cannot_be_read_is_not_copied(tmp_path: Path, target: str) -> None:
    estate = built(tmp_path, "local", spare=(target,))
    estate.run()
    (snapshot,) = estate.held("local")
    estate.spoil("local", snapshot, os.fsencode(estate.source / "deep" / "b"))
    with estate.open() as workspace:
        workspace.repository(target, make=True)
        (part,) = copy(workspace, choose(reach(workspace), [snapshot.id], target, Filter()), target)
        last = workspace.history.runs(None, 1)[0]
    assert isinstance(part.error, Corrupted)
    assert (part.copied, last.status) == ((), RunStatus.FAILED)
    assert estate.held(target) == []
    assert not [name for name in os.listdir(estate.directory / target) if "manual" in name]


@pytest.mark.parametrize("source", ["gz", "zips"])
def test_a_damaged_archive_is_not_copied(tmp_path: Path, source: str) -> None:
    estate = built(tmp_path, source, spare=("local",))
    estate.run()
    (snapshot,) = estate.held(source)
    spoil(estate.directory / source / snapshot.id)
    with estate.open() as workspace:
        (part,) = copy(workspace, choose(reach(workspace, source), [snapshot.id], "local", Filter()), "local")
    assert isinstance(part.error, Corrupted)
    assert estate.held("local") == []


def test_what_is_incomplete_stays_so_in_every_copy(tmp_path: Path) -> None:
    estate = built(tmp_path, "local", "gz", "zips")
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace('paths = ["source"]', 'paths = ["source", "gone"]'))
    assert {status for _name, status in estate.run().statuses} == {"incomplete"}
    for name in ("local", "gz", "zips"):
        assert [each.status for each in estate.held(name)] == [SnapshotStatus.INCOMPLETE]


@pytest.mark.requires("restic")
def test_a_copy_that_was_rewritten_is_no_copy_any_more(tmp_path: Path) -> None:
    estate = built(tmp_path, "gz", "local")
    estate.run()
    (archive,) = estate.held("gz")
    with estate.open() as workspace:
        repository = workspace.repository("local")
        tagged = repository.retag(repository.snapshots()[0], ["tui-backup", "job=site", "kind=manual", "pin"])
    assert tagged.kin == archive.kin
    estate.restic("local").run("tag", "--add", "x", tagged.id)
    assert estate.held("local")[0].kin != archive.kin


def test_a_damaged_archive_is_given_up_and_copied_anew(tmp_path: Path) -> None:
    estate = built(tmp_path, "local", "gz")
    estate.run()
    (snapshot,) = estate.held("gz")
    spoil(estate.directory / "gz" / snapshot.id)
    with estate.open() as workspace:
        (verdict,) = verify(workspace, VerifyRequest(repository="gz", subset=Subset()))
        assert verdict.proof is not None
        found = cures(workspace, "gz", verdict.proof.problems)
        assert [cure.kind for cure in found] == [CureKind.FORGET, CureKind.COPY, CureKind.VERIFY]
        planned = forgetting.plan(reach(workspace), [snapshot.id], Filter(repository="gz"))
        assert [each.error for each in forgetting.forget(workspace, planned)] == [None]
        names = [short(id_) for id_ in found[1].snapshots]
        (part,) = copy(workspace, choose(reach(workspace), names, "gz", Filter(repository="local")), "gz")
        assert part.error is None
    assert [each.identity for each in estate.held("gz")] == [snapshot.identity]


def test_what_is_forgotten_of_archives_is_freed(tmp_path: Path) -> None:
    estate = built(tmp_path, "gz")
    config = estate.directory / "config.toml"
    for _time in range(2):
        estate.run()
    first, second = estate.held("gz")
    config.write_text(config.read_text().replace("[jobs.site]\n", "[jobs.site]\nkeep = { last = 1 }\n"))
    with estate.open() as workspace:
        plan = pruning.plan(workspace, workspace.config.jobs.values(), "gz", Watch())
        done = pruning.prune(workspace, plan)
    assert (done.forgotten, done.freed_bytes) == (1, first.added)
    assert [name for name in os.listdir(estate.directory / "gz") if name.startswith(first.id)] == []
    assert [each.id for each in estate.held("gz")] == [second.id]
