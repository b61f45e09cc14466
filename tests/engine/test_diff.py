from io import BytesIO
from typing import BinaryIO

import pytest

from tui_backup.engine.diff import Change, Difference, diff
from tui_backup.engine.versions import Sighting, versions
from tui_backup.errors import Cancelled
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import from_ns


class Held:
    """An origin that holds one content."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.opened = 0

    def open(self, entry: Entry) -> BinaryIO:
        self.opened += 1
        return BytesIO(self.content)

    def xattrs(self, entry: Entry) -> Xattrs:
        return ()

    def relist(self, entry: Entry) -> Entry | None:
        return entry

    def fingerprint(self, entry: Entry) -> None:
        """Nothing is known without reading."""

    def local_path(self, entry: Entry) -> bytes | None:
        return None


def file(path: bytes, content: bytes = b"same", time: int = 1, mode: int = 0o644) -> Entry:
    return Entry(path, EntryKind.FILE, Held(content), mode, size=len(content), mtime_ns=time, ctime_ns=time, inode=7)


def directory(path: bytes, time: int = 1) -> Entry:
    return Entry(path, EntryKind.DIR, Held(b""), 0o755, mtime_ns=time)


def changes(before: list[Entry], after: list[Entry]) -> list[tuple[bytes, str]]:
    return [(each.path, each.change.value) for each in diff(iter(before), iter(after), Watch())]


def test_equal_trees_differ_in_nothing_and_are_not_read() -> None:
    tree = [directory(b"/a"), file(b"/a/b")]
    assert changes(tree, [directory(b"/a", time=9), tree[1]]) == []
    assert isinstance(tree[1].origin, Held)
    assert tree[1].origin.opened == 0


def test_what_came_and_what_went_is_named() -> None:
    assert changes([file(b"/a")], [file(b"/b")]) == [(b"/a", "removed"), (b"/b", "added")]


def test_a_directory_sorts_before_its_files_and_those_before_its_longer_namesakes() -> None:
    before = [directory(b"/a"), file(b"/a/z"), file(b"/a-b")]
    assert changes(before, [directory(b"/a"), file(b"/a-b")]) == [(b"/a/z", "removed")]


def test_a_same_sized_content_that_differs_is_found_by_reading() -> None:
    found = list(diff(iter([file(b"/a", b"old!")]), iter([file(b"/a", b"new!", time=2)]), Watch()))
    assert found == [Difference(path=b"/a", change=Change.CONTENT, size_before=4, size_after=4)]


@pytest.mark.parametrize("after", [file(b"/a", time=2), file(b"/a", mode=0o600)])
def test_new_times_and_modes_are_metadata(after: Entry) -> None:
    assert changes([file(b"/a")], [after]) == [(b"/a", "metadata")]


def test_a_file_that_became_a_directory_changed_its_type() -> None:
    assert changes([file(b"/a")], [directory(b"/a")]) == [(b"/a", "type")]


def test_a_link_that_points_elsewhere_changed_its_content() -> None:
    links = [Entry(b"/a", EntryKind.SYMLINK, Held(b""), target=target) for target in (b"x", b"y")]
    assert changes(links[:1], links[1:]) == [(b"/a", "content")]


def test_a_comparison_can_be_cancelled() -> None:
    watch = Watch()
    watch.cancel.cancel()
    with pytest.raises(Cancelled):
        list(diff(iter([file(b"/a")]), iter([]), watch))


def snapshot(number: int) -> Snapshot:
    time = from_ns(number * 86_400_000_000_000)
    assert time is not None
    return Snapshot(id=f"{number}" * 64, time=time, host="web1", paths=("/a",))


def test_a_version_spans_the_snapshots_that_hold_its_content() -> None:
    first, second, third = (snapshot(number) for number in (1, 2, 3))
    seen = [
        Sighting(third, file(b"/a", b"two", time=5)),
        Sighting(first, file(b"/a", b"one", time=1)),
        Sighting(second, file(b"/a", b"one", time=2)),
    ]
    found = versions(seen)
    assert [(each.size, each.first, each.last) for each in found] == [
        (3, first.time, second.time),
        (3, third.time, third.time),
    ]
    assert found[0].snapshots == (first.id, second.id)
    assert found[0].sha256 == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"


def test_an_unchanged_state_is_read_once() -> None:
    entry = file(b"/a")
    versions([Sighting(snapshot(number), entry) for number in (1, 2, 3)])
    assert isinstance(entry.origin, Held)
    assert entry.origin.opened == 1
