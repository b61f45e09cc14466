"""Walking about in snapshots: one directory at a time, whatever others do to the repository meanwhile."""

import os

import msgspec
import pytest

from tests.services.looking import copies, told
from tests.support.estate import Estate
from tests.support.repositories import access_of
from tui_backup.errors import BackupError, Corrupted, NotFound, RepositoryMissing, SnapshotUnknown
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.directories import (
    compared_with_copy,
    compared_with_disk,
    directory,
    entry_at,
    held_by,
    open_copy,
)
from tui_backup.services.workspace import Workspace


def root(estate: Estate) -> bytes:
    return os.fsencode(estate.source)


def test_directories_come_first_each_by_name(estate: Estate, workspace: Workspace) -> None:
    found = directory(workspace, copies(workspace)[-1], root(estate))
    assert [entry.name for entry in found] == [b"deep", b"new", b"same", b"a", b"text", b"z"]


def test_the_previous_one_is_the_one_before_of_the_same_job(workspace: Workspace) -> None:
    first, second = copies(workspace)
    assert open_copy(workspace, "local", second.snapshot.id).previous == first
    assert open_copy(workspace, "local", first.snapshot.id).previous is None


def test_a_directory_is_compared_with_what_it_was(estate: Estate, workspace: Workspace) -> None:
    first, second = copies(workspace)
    entries = directory(workspace, second, root(estate))
    comparison = compared_with_copy(workspace, entries, first, root(estate))
    assert told(estate, comparison.changes) == {
        "deep": "content", "gone": "removed", "new": "added", "text": "content",
    }  # fmt: skip
    assert [entry.name for entry in comparison.others] == [b"gone"]


def test_a_directory_that_was_not_there_is_all_new(estate: Estate, workspace: Workspace) -> None:
    first, second = copies(workspace)
    entries = directory(workspace, second, root(estate) + b"/new")
    comparison = compared_with_copy(workspace, entries, first, root(estate) + b"/new")
    assert told(estate, comparison.changes) == {"new/file": "added"}


@pytest.mark.usefixtures("own")
def test_a_directory_is_compared_with_what_lies_there_today(estate: Estate, workspace: Workspace) -> None:
    second = copies(workspace)[-1]
    (estate.source / "text").write_text("four!")
    (estate.source / "later").write_text("")
    (estate.source / "z").unlink()
    comparison = compared_with_disk(workspace, second, directory(workspace, second, root(estate)), root(estate))
    assert told(estate, comparison.changes) == {"text": "content", "later": "added", "z": "removed"}
    assert [entry.name for entry in comparison.others] == [b"later"]


def test_nothing_is_compared_with_the_disk_of_another_host(estate: Estate, workspace: Workspace) -> None:
    copy = copies(workspace)[-1]
    foreign = msgspec.structs.replace(copy, snapshot=msgspec.structs.replace(copy.snapshot, host="elsewhere"))
    with pytest.raises(BackupError, match="is of elsewhere"):
        compared_with_disk(workspace, foreign, [], root(estate))


def test_a_path_that_is_not_there_is_told_as_such(estate: Estate, workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        entry_at(workspace, copies(workspace)[-1], root(estate) + b"/nowhere")


@pytest.mark.usefixtures("own")
def test_a_snapshot_made_a_moment_ago_by_another_process_can_be_opened(estate: Estate, workspace: Workspace) -> None:
    directory(workspace, copies(workspace)[-1], root(estate))
    (estate.source / "later").write_text("later")
    estate.run()
    newest = copies(workspace)[-1]
    assert b"later" in {entry.name for entry in directory(workspace, newest, root(estate))}


@pytest.mark.usefixtures("own")
def test_packs_that_were_rewritten_meanwhile_are_found(estate: Estate, workspace: Workspace) -> None:
    first, second = copies(workspace)
    before = workspace.repository("local").entry(second.snapshot, b"/" + second.snapshot.paths[0].strip("/").encode())
    packs = set((estate.directory / "local" / "data").rglob("*"))
    estate.restic("local").run("forget", first.snapshot.id)
    estate.restic("local").run("prune", "--max-unused", "0", "--repack-small")
    assert packs - set((estate.directory / "local" / "data").rglob("*"))
    assert [entry.name for entry in directory(workspace, second, before.path + b"/same")] == [b"x"]


@pytest.mark.usefixtures("own")
def test_a_snapshot_that_was_pruned_is_said_to_be_gone(estate: Estate, workspace: Workspace) -> None:
    first = copies(workspace)[0]
    directory(workspace, first, b"/")
    estate.restic("local").run("forget", first.snapshot.id, "--prune")
    with pytest.raises(SnapshotUnknown, match="no longer in local"):
        directory(workspace, first, root(estate) + b"/gone")


@pytest.mark.usefixtures("own")
def test_a_repository_that_was_unmounted_is_said_to_be_gone(estate: Estate, workspace: Workspace) -> None:
    first = copies(workspace)[0]
    directory(workspace, first, b"/")
    estate.hide("local")
    with pytest.raises(RepositoryMissing):
        directory(workspace, first, root(estate) + b"/gone")


@pytest.mark.usefixtures("own")
def test_a_damaged_directory_leaves_the_others_alone(estate: Estate, workspace: Workspace) -> None:
    second = copies(workspace)[-1]
    damaged = entry_at(workspace, second, root(estate) + b"/new")
    access = access_of(workspace.repository("local"))
    (place,) = access.load().index.places(
        BlobType.TREE, bytes.fromhex((damaged.origin.fingerprint(damaged) or b"").decode())
    )
    path = estate.directory / "local" / key_of(FileKind.DATA, place.pack.hex())
    content = bytearray(path.read_bytes())
    content[place.offset + 20] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(Corrupted) as caught:
        directory(workspace, second, root(estate) + b"/new")
    assert "verify" in (caught.value.hint or "")
    assert directory(workspace, second, root(estate) + b"/same")


def test_who_holds_the_repository_is_known(estate: Estate, workspace: Workspace) -> None:
    copy = copies(workspace)[-1]
    with access_of(workspace.repository("local")).exclusive(Watch()):
        holder = open_copy(workspace, "local", copy.snapshot.id).holder
    assert holder is not None
    assert held_by("local", holder).startswith("local is held exclusively by ")
    assert open_copy(workspace, "local", copy.snapshot.id).holder is None
