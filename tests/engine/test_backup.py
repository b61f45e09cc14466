"""Backing up several sources as one snapshot."""

from pathlib import Path

import pytest

from tests.support.instant import instant_repository
from tests.support.repositories import brief
from tests.support.trees import write_tree
from tui_backup.engine.backup import back_up
from tui_backup.errors import SourceError
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.entry import EntryKind
from tui_backup.model.snapshot import SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.sources.files import FilesSource


class Kept:
    """A backup of some sources into a repository of its own."""

    def __init__(self, *sources: FilesSource) -> None:
        self.repository: ResticRepository = instant_repository()
        self.warnings: dict[bytes | None, str] = {}
        watch = Watch(on_warning=self.warnings.__setitem__)
        self.status = (done := back_up(sources, self.repository, brief("/"), watch)).snapshot.status
        self.entries = {entry.path: entry for entry in self.repository.entries(done.snapshot)}

    def content(self, path: bytes) -> bytes:
        with (entry := self.entries[path]).origin.open(entry) as stream:
            return stream.read()


def source(*paths: Path, **options: str) -> FilesSource:
    return FilesSource(paths=tuple(map(str, paths)), as_=options.get("name"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "data", {"a/file": b"1", "a.b": b"2", "link/inner/file": b"3"})


def test_sources_are_put_together_whatever_their_order(data: Path) -> None:
    kept = Kept(source(data / "link", name="z"), source(data / "a", name="b"), source(data / "a", name="b-c"))
    assert kept.status is SnapshotStatus.OK
    assert [path for path in kept.entries if path.count(b"/") == 1] == [b"/b", b"/b-c", b"/z"]


def test_what_two_sources_have_in_common_comes_once(data: Path) -> None:
    kept = Kept(source(data), source(data / "a", data / "a.b"))
    assert kept.status is SnapshotStatus.OK
    assert kept.content(bytes(data / "a/file")) == b"1"


def test_a_source_of_which_nothing_is_there_does_not_keep_the_others_from_their_turn(data: Path) -> None:
    kept = Kept(source(data / "gone"), source(data / "a"))
    assert kept.status is SnapshotStatus.INCOMPLETE
    assert list(kept.warnings) == [bytes(data / "gone")]
    assert kept.content(bytes(data / "a/file")) == b"1"


def test_without_any_source_there_is_nothing_to_back_up(data: Path) -> None:
    with pytest.raises(SourceError, match="gone"):
        Kept(source(data / "gone"), source(data / "gone too"))


def test_two_files_of_one_name_are_never_taken_for_one_another(data: Path, tmp_path: Path) -> None:
    other = write_tree(tmp_path / "other", {"file": b"another", "more": b"4"})
    kept = Kept(source(data / "a", name="both"), source(other, name="both"))
    assert kept.status is SnapshotStatus.INCOMPLETE
    assert list(kept.warnings) == [b"/both/file"]
    assert (kept.content(b"/both/file"), kept.content(b"/both/more")) == (b"1", b"4")


def test_a_link_in_one_source_may_be_on_the_way_of_another(data: Path) -> None:
    (data / "short").symlink_to("link")
    kept = Kept(source(data / "short"), source(data / "short" / "inner"))
    assert kept.status is SnapshotStatus.INCOMPLETE
    assert kept.entries[bytes(data / "short")].kind is EntryKind.DIR
    assert kept.content(bytes(data / "short/inner/file")) == b"3"
