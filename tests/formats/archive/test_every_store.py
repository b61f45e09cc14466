"""Archives in every store, on real servers where it has one."""

import os
from datetime import timedelta

import pytest

from tests.stores.conftest import MAKERS
from tests.support.archives import KEY, NIGHT, back_up, brief, made, opened, opening
from tui_backup.formats.archive.repository import ArchiveRepository
from tui_backup.formats.base import Subset
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.stores.base import Store

FILES = {b"/srv/site/a.txt": b"first", b"/srv/site/large": os.urandom(12 << 20), b"/srv/site/not\xff": b"x"}


@pytest.fixture(
    params=[
        "local",
        pytest.param("s3", marks=pytest.mark.requires("radosgw")),
        pytest.param("s3 of rclone", marks=pytest.mark.requires("rclone")),
        pytest.param("sftp", marks=pytest.mark.requires("sshd")),
    ]
)
def place(request: pytest.FixtureRequest) -> Store:
    return MAKERS[request.param](request)


def contents(repository: ArchiveRepository, snapshot: Snapshot) -> dict[bytes, bytes]:
    found = {}
    for entry in repository.entries(snapshot):
        if entry.kind == "file":
            with entry.origin.open(entry) as file:
                found[entry.path] = file.read()
    return found


@pytest.mark.parametrize("key", [None, KEY])
def test_archives_are_kept_looked_into_proven_tagged_and_forgotten(place: Store, key: str | None) -> None:
    given = opening(place, key=key, history=True)
    repository = made(given)
    with repository.begin(brief(), Watch()):
        pass
    first = back_up(repository, FILES)
    second = back_up(opened(given, "zip"), FILES, brief(NIGHT + timedelta(hours=1)))
    again = opened(given)
    assert again.snapshots() == [first, second]
    assert contents(again, first) == contents(again, second) == FILES
    proof = again.verify([], Subset(), Watch())
    assert (proof.problems, set(proof.read)) == ((), {first.id, second.id})
    assert again.retag(first, ["pin"]).tags == ("pin",)
    again.forget([second])
    (left,) = opened(given).snapshots()
    assert (left.id, left.tags) == (first.id, ("pin",))
    names = {found.key for found in place.objects()}
    assert names == {
        first.id,
        f"{first.id}.metadata.json",
        f"{first.id}.entries.jsonl.zst{'.enc' if key else ''}",
        "backup_history.json",
        "tui-backup.json",
        *(["tui-backup-key.json"] if key else []),
    }
