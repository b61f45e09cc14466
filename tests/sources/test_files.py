"""What the files source lists, and what it leaves out."""

import os
import socket
import stat
import subprocess
from pathlib import Path

import msgspec
import pytest

from tests.support.mounts import tmpfs
from tests.support.trees import write_tree
from tui_backup.errors import ConfigError, SourceError, UsageError
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.sources.base import Unread
from tui_backup.sources.files import FilesSource

CACHE_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n# made by a test\n"


def entries(source: FilesSource) -> dict[bytes, Entry]:
    found = list(source.entries(Watch()))
    assert [item for item in found if isinstance(item, Unread)] == []
    return {item.path: item for item in found if isinstance(item, Entry)}


def unread(source: FilesSource) -> list[Unread]:
    return [item for item in source.entries(Watch()) if isinstance(item, Unread)]


def below(root: Path, source: FilesSource) -> list[str]:
    """Return the paths listed below `root`, relative to it, in the order they came."""
    start = os.fsencode(root) + b"/"
    return [os.fsdecode(path.removeprefix(start)) for path in entries(source) if path.startswith(start)]


def left_in(root: Path, **options: object) -> list[str]:
    return below(root, FilesSource(paths=(str(root),), **options))  # type: ignore[arg-type]  # options of any kind


def test_the_parents_of_a_root_come_first_with_their_metadata(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "srv", {"a": b""})
    tmp_path.chmod(0o711)
    found = entries(FilesSource(paths=(str(root),)))
    chain = [os.fsencode(path) for path in [*reversed(root.parents)][1:]]
    assert list(found) == [*chain, os.fsencode(root), os.fsencode(root / "a")]
    assert found[os.fsencode(tmp_path)].mode == 0o711
    assert found[os.fsencode(tmp_path)].kind is EntryKind.DIR


def test_siblings_come_in_byte_order_and_before_what_their_neighbours_hold(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {"a/x": b"", "a.txt": b"", "a-b/y": b"", "B": b"", "\u00e9": b"", "\U0001f600": b"", "\udcff": b""}
    )
    assert left_in(tmp_path) == ["B", "a", "a/x", "a-b", "a-b/y", "a.txt", "\u00e9", "\U0001f600", "\udcff"]


def test_several_roots_are_one_tree_and_overlaps_come_once(tmp_path: Path) -> None:
    write_tree(tmp_path, {"b/deep/x": b"", "a/y": b"", "c": b""})
    paths = (f"{tmp_path}/b", f"{tmp_path}/b/deep/", f"{tmp_path}/a", f"{tmp_path}/b")
    assert below(tmp_path, FilesSource(paths=paths)) == ["a", "a/y", "b", "b/deep", "b/deep/x"]


def test_a_file_knows_what_the_system_knows(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"content")
    place.chmod(0o6750)
    os.utime(place, ns=(1_600_000_000_123_456_789, 1_500_000_000_987_654_321))
    os.link(place, tmp_path / "other name")
    status = place.stat()
    found = entries(FilesSource(paths=(str(tmp_path),)))
    entry = found[os.fsencode(place)]
    assert (entry.kind, entry.mode, entry.size, entry.links) == (EntryKind.FILE, 0o6750, 7, 2)
    assert (entry.mtime_ns, entry.atime_ns) == (1_500_000_000_987_654_321, 1_600_000_000_123_456_789)
    assert (entry.inode, entry.device_id, entry.ctime_ns) == (status.st_ino, status.st_dev, status.st_ctime_ns)
    assert (entry.uid, entry.user) == (status.st_uid, place.owner())
    assert found[os.fsencode(tmp_path / "other name")].inode == entry.inode


def test_links_fifos_and_sockets_are_listed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(b"to/no\xffwhere".decode(errors="surrogateescape"))
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        found = entries(FilesSource(paths=(str(tmp_path),)))
    kinds = {entry.name: entry.kind for entry in found.values()}
    assert kinds[b"link"] is EntryKind.SYMLINK
    assert kinds[b"fifo"] is EntryKind.FIFO
    assert kinds[b"socket"] is EntryKind.SOCKET
    assert found[os.fsencode(tmp_path / "link")].target == b"to/no\xffwhere"


@pytest.mark.requires("root")
def test_devices_carry_their_numbers(tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(tmp_path / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 200))
    found = {entry.name: (entry.kind, entry.device) for entry in entries(FilesSource(paths=(str(tmp_path),))).values()}
    assert found[b"null"] == (EntryKind.CHAR, os.makedev(1, 3))
    assert found[b"disk"] == (EntryKind.BLOCK, os.makedev(7, 200))


@pytest.mark.requires("root")
def test_an_owner_without_a_name_is_a_number(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.chown(tmp_path / "file", 54_321, 54_322)
    entry = entries(FilesSource(paths=(str(tmp_path / "file"),)))[os.fsencode(tmp_path / "file")]
    assert (entry.uid, entry.gid, entry.user, entry.group) == (54_321, 54_322, "", "")


def test_a_sparse_file_has_its_full_size(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    assert entries(FilesSource(paths=(str(tmp_path),)))[os.fsencode(tmp_path / "sparse")].size == 1 << 30


def test_the_root_directory_can_be_a_root() -> None:
    tops = tuple(f"/{name}/**" for name in os.listdir("/"))
    found = entries(FilesSource(paths=("/",), exclude=tops))
    assert list(found) == [b"/" + os.fsencode(name) for name in sorted(os.listdir("/"), key=os.fsencode)]


def test_a_root_that_is_a_link_is_stored_as_a_link_and_warned_about(tmp_path: Path) -> None:
    write_tree(tmp_path / "real", {"x": b""})
    (tmp_path / "link").symlink_to("real")
    watch = Watch()
    found = {item.path: item for item in FilesSource(paths=(f"{tmp_path}/link/",)).entries(watch)}
    entry = found[os.fsencode(tmp_path / "link")]
    assert isinstance(entry, Entry)
    assert (entry.kind, entry.target, watch.warnings) == (EntryKind.SYMLINK, b"real", 1)


def test_a_parent_that_is_a_link_is_stored_as_the_directory_it_leads_to(tmp_path: Path) -> None:
    write_tree(tmp_path / "mnt", {"site/x": b""})
    (tmp_path / "srv").symlink_to("mnt")
    (tmp_path / "mnt").chmod(0o700)
    found = entries(FilesSource(paths=(f"{tmp_path}/srv/site",)))
    parent = found[os.fsencode(tmp_path / "srv")]
    assert (parent.kind, parent.mode) == (EntryKind.DIR, 0o700)
    assert os.fsencode(tmp_path / "srv/site/x") in found


def test_a_missing_path_is_reported_first_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    found = list(FilesSource(paths=(f"{tmp_path}/here", f"{tmp_path}/there")).entries(Watch()))
    assert found[0] == Unread(os.fsencode(tmp_path / "there"), "No such file or directory")
    assert found[-1].path == os.fsencode(tmp_path / "here")


def test_no_path_at_all_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="gone"):
        list(FilesSource(paths=(f"{tmp_path}/gone",)).entries(Watch()))


def test_a_path_behind_a_link_inside_another_path_is_reported(tmp_path: Path) -> None:
    write_tree(tmp_path, {"srv/a": b"", "elsewhere/x": b""})
    (tmp_path / "srv/link").symlink_to(tmp_path / "elsewhere")
    (problem,) = unread(FilesSource(paths=(f"{tmp_path}/srv", f"{tmp_path}/srv/link/x")))
    assert problem.path == os.fsencode(tmp_path / "srv/link/x")
    (problem,) = unread(FilesSource(paths=(f"{tmp_path}/srv/link", f"{tmp_path}/srv/link/x")))
    assert problem.path == os.fsencode(tmp_path / "srv/link/x")


def test_a_path_left_out_by_a_pattern_of_the_path_around_it_is_reported(tmp_path: Path) -> None:
    write_tree(tmp_path, {"logs/deep/x": b"", "a": b""})
    (problem,) = unread(FilesSource(paths=(str(tmp_path), f"{tmp_path}/logs/deep"), exclude=("logs/",)))
    assert problem.path == os.fsencode(tmp_path / "logs/deep")


def test_a_root_swapped_before_it_is_read_is_no_mere_warning(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "root", {"a": b""})
    found = []
    for item in FilesSource(paths=(str(root),)).entries(Watch()):
        found.append(item)
        if item.path == os.fsencode(root) and isinstance(item, Entry):
            root.rename(tmp_path / "away")
    assert found[-1] == Unread(os.fsencode(root), "No such file or directory", vanished=False)


def test_an_excluded_directory_is_not_descended_into(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {"logs/x": b"", "deep/logs/y": b"", "a.log": b"", "keep.log": b"", "deep/z": b"", "logsx": b""}
    )
    assert left_in(tmp_path, exclude=("logs/", "*.log", "!keep.log")) == ["deep", "deep/z", "keep.log", "logsx"]


def test_an_anchored_pattern_means_the_root_and_may_name_it(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/x": b"", "b/a/x": b"", "b/c": b""})
    assert left_in(tmp_path, exclude=("/a",)) == ["b", "b/a", "b/a/x", "b/c"]
    assert left_in(tmp_path, exclude=(f"{tmp_path}/b/a",)) == ["a", "a/x", "b", "b/c"]


def test_a_bad_pattern_is_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\[abc"):
        next(iter(FilesSource(paths=(str(tmp_path),), exclude=("[abc",)).entries(Watch())))


def test_a_marked_directory_keeps_the_marker_only(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/.nobackup": b"", "a/x": b"", "a/sub/y": b"", "b/z": b""})
    assert left_in(tmp_path, exclude_if_present=(".nobackup",)) == ["a", "a/.nobackup", "b", "b/z"]


def test_a_cache_keeps_its_tag_and_a_false_tag_is_no_tag(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/CACHEDIR.TAG": CACHE_TAG, "a/x": b"", "b/CACHEDIR.TAG": b"Signature: 8a47", "b/y": b""})
    os.mkfifo(tmp_path / "c")
    assert left_in(tmp_path, exclude_caches=True) == ["a", "a/CACHEDIR.TAG", "b", "b/CACHEDIR.TAG", "b/y", "c"]


def test_large_files_stay_out(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a": b"x" * 1001, "b": b"x" * 1000, "c/d": b""})
    assert left_in(tmp_path, exclude_larger_than="1kB") == ["b", "c", "c/d"]


def test_a_size_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="exclude_larger_than"):
        FilesSource(paths=("/srv",), exclude_larger_than="huge")


@pytest.mark.requires("tmpfs")
def test_other_file_systems_are_empty_directories(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a": b""})
    with tmpfs(tmp_path / "mounted") as mounted:
        write_tree(mounted, {"x": b""})
        assert left_in(tmp_path, one_file_system=True) == ["a", "mounted"]
        assert left_in(tmp_path) == ["a", "mounted", "mounted/x"]
        both = FilesSource(paths=(str(tmp_path), str(mounted)), one_file_system=True)
        assert below(tmp_path, both) == ["a", "mounted", "mounted/x"]


def test_places_of_the_backup_itself_are_passed_over(tmp_path: Path) -> None:
    write_tree(tmp_path, {"backups/config": b"", "state/runs/x": b"", "data": b"", "backups-old/y": b""})
    (tmp_path / "alias").symlink_to("backups")
    source = FilesSource(paths=(str(tmp_path),)).without([os.fsencode(tmp_path / "alias")])
    source = source.without([os.fsencode(tmp_path / "state")])
    assert below(tmp_path, source) == ["alias", "backups-old", "backups-old/y", "data"]


def test_a_file_of_the_backup_itself_is_passed_over_under_any_name(tmp_path: Path) -> None:
    write_tree(tmp_path, {"backups.key": b"secret", "data": b"", "deep/other.key": b""})
    os.link(tmp_path / "backups.key", tmp_path / "deep/second name")
    source = FilesSource(paths=(str(tmp_path),)).without([os.fsencode(tmp_path / "backups.key")])
    assert below(tmp_path, source) == ["data", "deep", "deep/other.key"]


def test_a_root_inside_the_repository_is_reported(tmp_path: Path) -> None:
    write_tree(tmp_path, {"backups/site/x": b"", "data": b""})
    source = FilesSource(paths=(f"{tmp_path}/backups/site", f"{tmp_path}/data"))
    (problem,) = unread(source.without([os.fsencode(tmp_path / "backups")]))
    assert problem.path == os.fsencode(tmp_path / "backups/site")


def test_as_stores_a_directory_below_a_name(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "site", {"a/b": b"content"})
    found = entries(FilesSource(paths=(str(root),), as_="static"))
    assert list(found) == [b"/static", b"/static/a", b"/static/a/b"]
    entry = found[b"/static/a/b"]
    assert entry.origin.local_path(entry) == os.fsencode(root / "a/b")
    with entry.origin.open(entry) as file:
        assert file.read() == b"content"


def test_as_stores_a_file_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_bytes(b"")
    found = entries(FilesSource(paths=(f"{tmp_path}/dump.sql",), as_="db"))
    assert [(path, entry.kind) for path, entry in found.items()] == [
        (b"/db", EntryKind.DIR),
        (b"/db/dump.sql", EntryKind.FILE),
    ]


def test_as_stores_several_paths_by_their_last_names(tmp_path: Path) -> None:
    write_tree(tmp_path, {"one/logs/x": b"", "two/data/y": b""})
    source = FilesSource(paths=(f"{tmp_path}/one/logs", f"{tmp_path}/two/data"), as_="all", exclude=("/x",))
    assert list(entries(source)) == [b"/all", b"/all/data", b"/all/data/y", b"/all/logs"]


@pytest.mark.parametrize("paths", [("/a/logs", "/b/logs/"), ("/", "/a")])
def test_as_refuses_names_that_clash(paths: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        FilesSource(paths=paths, as_="all")


def test_as_keeps_a_link_below_the_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    found = entries(FilesSource(paths=(f"{tmp_path}/link",), as_="static"))
    assert found[b"/static/link"].target == b"nowhere"


def test_a_configuration_gives_its_keys_and_no_others() -> None:
    source = msgspec.convert({"paths": ["/srv"], "as": "static", "exclude_larger_than": "2GB"}, FilesSource)
    assert source == FilesSource(paths=("/srv",), as_="static", exclude_larger_than="2GB")
    for table in ({"paths": ["/srv"], "places": []}, {"paths": ["/srv"], "as_": "x"}, {"paths": "/srv"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(table, FilesSource)
    with pytest.raises(ConfigError):
        msgspec.convert({"paths": []}, FilesSource)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_as_is_one_name(name: str) -> None:
    with pytest.raises(ConfigError):
        FilesSource(paths=("/srv",), as_=name)


def test_relative_paths_are_taken_from_the_configuration(tmp_path: Path) -> None:
    write_tree(tmp_path, {"data/x": b""})
    source = FilesSource(paths=("./data/",)).rooted(str(tmp_path))
    assert source.rooted("/elsewhere").roots() == (f"{tmp_path}/data",)
    assert below(tmp_path, source) == ["data", "data/x"]


def test_a_tilde_is_the_home_directory(home: Path) -> None:
    assert FilesSource(paths=("~/mail",)).rooted("/etc").roots() == (f"{home}/mail",)


def test_the_snapshot_records_where_things_are_stored() -> None:
    assert FilesSource(paths=("/srv//a/", "/srv/a", "//srv/b")).roots() == ("/srv/a", "/srv/b")
    assert FilesSource(paths=("/srv/a",), as_="static").roots() == ("/static",)


def test_names_that_are_not_utf_8_can_be_roots(tmp_path: Path) -> None:
    write_tree(tmp_path, {"caf\udce9/x": b""})
    assert left_in(tmp_path / "caf\udce9") == ["x"]


def test_reading_stops_when_asked(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/x": b""})
    watch = Watch()
    listing = FilesSource(paths=(str(tmp_path),)).entries(watch)
    next(iter(listing))
    watch.cancel.cancel()
    with pytest.raises(BaseException, match="cancelled"):
        list(listing)


@pytest.mark.requires("root")
def test_what_a_user_may_not_read_is_reported(tmp_path: Path) -> None:
    write_tree(tmp_path, {"open/x": b"", "closed/y": b"", "unlisted/z": b""})
    for parent in (tmp_path, *tmp_path.parents):
        if not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(0o755)
    (tmp_path / "closed").chmod(0o700)
    (tmp_path / "unlisted").chmod(0o744)
    os.seteuid(65534)
    try:
        found = unread(FilesSource(paths=(str(tmp_path),)))
    finally:
        os.seteuid(0)
    denied = [(os.path.basename(problem.path), problem.reason, problem.vanished) for problem in found]
    assert denied == [(b"closed", "Permission denied", False), (b"z", "Permission denied", False)]


@pytest.mark.requires("acl")
def test_attributes_and_acls_come_along(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    os.setxattr(place, "user.note", b"\x00\xff")
    subprocess.run(["setfacl", "-m", "u:1234:r", place], check=True)
    entry = entries(FilesSource(paths=(str(tmp_path),)))[os.fsencode(place)]
    names = dict(entry.origin.xattrs(entry))
    assert names[b"user.note"] == b"\x00\xff"
    assert names[b"system.posix_acl_access"] == os.getxattr(place, "system.posix_acl_access")


def children(source: FilesSource, path: bytes) -> list[bytes]:
    return [each.path for each in source.children(path)]


def test_one_directory_is_listed_as_a_walk_would_come_upon_it(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "srv", {"a": b"", "d/b": b"", "d/logs/x": b"", "link": b""})
    os.replace(root / "link", root / "file")
    (root / "link").symlink_to(root / "d")
    source = FilesSource(paths=(str(root),), exclude=("logs/",))
    at = os.fsencode(root)
    assert children(source, at) == [at + b"/a", at + b"/d", at + b"/file", at + b"/link"]
    assert children(source, at + b"/d") == [at + b"/d/b"]
    assert children(source, os.path.dirname(at)) == [at]
    walked = entries(source)
    for each in source.children(at):
        assert isinstance(each, Entry)
        assert (each.kind, each.size, each.inode) == (
            walked[each.path].kind,
            walked[each.path].size,
            walked[each.path].inode,
        )


def test_one_directory_is_never_listed_through_a_link(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "srv", {"d/b": b""})
    (root / "link").symlink_to(root / "d")
    (problem,) = FilesSource(paths=(str(root),)).children(os.fsencode(root / "link"))
    assert isinstance(problem, Unread)


def test_one_directory_is_listed_under_the_name_it_is_stored_by(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "srv", {"d/b": b""})
    source = FilesSource(paths=(str(root),), as_="static")
    assert children(source, b"/") == [b"/static"]
    assert children(source, b"/static/d") == [b"/static/d/b"]
    assert children(source, b"/elsewhere") == []
