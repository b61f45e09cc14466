"""A directory: what is on the disk, and what happens when the disk does not play along."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.support.mounts import read_only, tmpfs
from tui_backup.errors import NotFound, StoreError, StoreFull
from tui_backup.stores.base import Space
from tui_backup.stores.local import LocalStore
from tui_backup.stores.registry import STORES
from tui_backup.stores.temporary import temporary_name

KEY = "data/3f/" + "3f08" * 16


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(store: LocalStore) -> list[str]:
    root = Path(store.path)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_files_and_directories_are_their_owners_alone(local: LocalStore) -> None:
    local.put(KEY, b"content")
    path = Path(local.path)
    assert [mode(path), mode(path / "data"), mode(path / KEY)] == [0o700, 0o700, 0o400]


def test_a_group_that_may_read_the_config_may_read_the_rest(local: LocalStore) -> None:
    local.put("config", b"")
    Path(local.path, "config").chmod(0o440)
    before = os.umask(0o007)
    try:
        local.put(KEY, b"content")
    finally:
        os.umask(before)
    assert [mode(Path(local.path, "data")), mode(Path(local.path, KEY))] == [0o770, 0o440]


def test_only_the_object_stays_behind(local: LocalStore) -> None:
    local.put(KEY, b"content")
    local.put(KEY, b"another")
    assert files(local) == [KEY]


def test_a_directory_that_is_missing_is_not_made_by_writing(tmp_path: Path) -> None:
    store = LocalStore(f"{tmp_path}/unmounted/")
    with pytest.raises(StoreError) as caught:
        store.put("data/aa/x", b"")
    assert "is the disk mounted?" in str(caught.value.hint)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_missing_is_not_an_empty_store(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path / "unmounted"))
    with pytest.raises(NotFound, match="unmounted"):
        list(store.objects("data/"))
    with pytest.raises(NotFound, match="unmounted"):
        store.get("config")
    assert store.space() is None


def test_names_that_are_no_keys_are_not_listed(local: LocalStore) -> None:
    local.put("keys/aa", b"")
    local.put("lost+found/inode", b"")
    for name in (".hidden", "with\ttab", "aa-tmp-123456"):
        Path(local.path, "keys", name).write_bytes(b"")
    os.mkfifo(Path(local.path, "keys", "pipe"))
    Path(local.path, "keys", "dangling").symlink_to("nowhere")
    assert [found.key for found in local.objects()] == ["keys/aa"]


def test_a_pipe_does_not_block_a_reader(local: LocalStore) -> None:
    os.mkfifo(Path(local.path, "config"))
    with pytest.raises(NotFound):
        local.get("config")


def test_a_linked_directory_works_like_any_other(tmp_path: Path, local: LocalStore) -> None:
    (tmp_path / "big").mkdir()
    Path(local.path, "data").symlink_to(tmp_path / "big")
    local.put(KEY, b"content")
    assert [found.key for found in local.objects("data/")] == [KEY]
    assert local.get(KEY) == b"content"


def test_an_object_is_never_written_through_a_link(tmp_path: Path, local: LocalStore) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    Path(local.path, "config").symlink_to(tmp_path / "precious")
    local.put("config", b"content")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert local.get("config") == b"content"


def test_the_key_of_a_temporary_file_is_refused(local: LocalStore) -> None:
    with pytest.raises(ValueError, match="temporary"):
        local.put("keys/aa-tmp-1", b"")


def test_a_recipe_opens_the_same_store_from_elsewhere(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    local.put(KEY, b"content")
    monkeypatch.chdir(tmp_path)
    recipe = LocalStore("store").recipe()
    assert recipe is not None
    monkeypatch.chdir("/")
    assert msgspec.json.decode(recipe[1], type=STORES.load(recipe[0])).get(KEY) == b"content"


def test_a_path_that_is_no_text_has_no_recipe() -> None:
    assert LocalStore("/backups/\udcff").recipe() is None


def test_a_path_counts_from_the_directory_of_the_configuration(home: Path) -> None:
    assert LocalStore("backups").rooted("/etc/tui-backup").describe() == "/etc/tui-backup/backups"
    assert LocalStore("/srv/backups").rooted("/etc").describe() == "/srv/backups"
    assert LocalStore("~/backups").rooted("/etc").describe() == f"{home}/backups"


WRITER = """
import io, os, signal, sys
from tui_backup.stores.local import LocalStore

class Body(io.BytesIO):
    def read(self, size=-1):
        if self.tell():
            print("half", flush=True)
            signal.pause()
        return super().read(5)

LocalStore(sys.argv[1]).put(sys.argv[2], Body(b"0123456789"))
"""


def half_written(store: LocalStore) -> subprocess.Popen[bytes]:
    """Start a process that has written half of an object and waits."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, store.path, KEY], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"half\n"
    writer.stdout.close()
    return writer


def test_half_an_object_is_seen_by_nobody(local: LocalStore) -> None:
    writer = half_written(local)
    assert list(local.objects()) == []
    writer.kill()
    writer.wait()
    assert list(local.objects()) == []
    with pytest.raises(NotFound):
        local.get(KEY)


def test_what_a_killed_writer_left_is_tidied_away(local: LocalStore) -> None:
    writer = half_written(local)
    local.tidy()
    assert len(files(local)) == 1
    writer.kill()
    writer.wait()
    local.tidy("index/")
    assert len(files(local)) == 1
    local.tidy("data/")
    assert files(local) == []


def test_a_writer_that_is_told_to_stop_cleans_up(local: LocalStore) -> None:
    writer = half_written(local)
    writer.send_signal(signal.SIGINT)
    writer.wait()
    assert files(local) == []


@pytest.mark.parametrize(("age_h", "kept"), [(1, True), (23, True), (25, False)])
def test_what_others_left_is_tidied_away_after_a_day(local: LocalStore, age_h: int, kept: bool) -> None:
    for name in ("aa-tmp-1234567", f"bb-tmp-{'7' * 43}"):
        path = Path(local.path, name)
        path.write_bytes(b"")
        os.utime(path, (time.time() - age_h * 3600,) * 2)
    local.tidy()
    assert len(files(local)) == (2 if kept else 0)


def test_tidying_leaves_unknown_files_alone(local: LocalStore) -> None:
    for name in ("README", "notes-tmp-x", "-tmp-1"):
        path = Path(local.path, name)
        path.write_bytes(b"")
        os.utime(path, (0, 0))
    local.tidy()
    assert files(local) == ["-tmp-1", "README", "notes-tmp-x"]


def test_two_writers_never_share_a_temporary_file() -> None:
    assert temporary_name("a") != temporary_name("a")


@pytest.mark.requires("tmpfs")
def test_a_full_disk_is_named_and_left_clean(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "small", size="1m") as mount:
        store = LocalStore(str(mount))
        store.put("config", b"first")
        with pytest.raises(StoreFull, match="small/data/aa") as caught:
            store.put("data/aa", bytes(2 * 1024 * 1024))
        assert caught.value.hint
        assert store.space() == Space(free=1024 * 1024 - 4096, total=1024 * 1024)
        assert files(store) == ["config"]


@pytest.mark.requires("tmpfs")
def test_a_disk_without_inodes_is_full(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "small", inodes=3) as mount:
        store = LocalStore(str(mount))
        store.put("a", b"")
        store.put("b", b"")
        with pytest.raises(StoreFull):
            store.put("c", b"")


@pytest.mark.requires("tmpfs")
def test_a_read_only_file_system_is_named(local: LocalStore) -> None:
    local.put(KEY, b"content")
    with read_only(Path(local.path)):
        assert local.get(KEY) == b"content"
        with pytest.raises(StoreError, match=KEY) as caught:
            local.put(KEY, b"another")
        assert "read-only" in str(caught.value.hint)
        with pytest.raises(StoreError, match=KEY):
            local.delete(KEY)


@pytest.mark.requires("root")
def test_missing_rights_are_named(local: LocalStore) -> None:
    local.put(KEY, b"content")
    os.seteuid(65534)
    try:
        with pytest.raises(StoreError, match=KEY) as caught:
            local.get(KEY)
    finally:
        os.seteuid(0)
    assert "permissions" in str(caught.value.hint)


@pytest.mark.requires("strace")
def test_what_the_disk_does_not_give_back_is_unreadable(local: LocalStore) -> None:
    local.put(KEY, b"content")
    script = f"""
import os
from tui_backup.errors import Unreadable
from tui_backup.stores.local import LocalStore
try:
    LocalStore({local.path!r}).get({KEY!r})
except Unreadable as error:
    os._exit(7)
os._exit(0)
"""
    inject = ["-P", f"{local.path}/{KEY}", "-e", "inject=read,pread64,preadv:error=EIO"]
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", *inject]
    ended = subprocess.run([*strace, sys.executable, "-c", script], check=False)
    assert ended.returncode == 7


@pytest.mark.requires("strace")
@pytest.mark.parametrize(
    ("call", "when", "trouble"),
    [("write", 1, "EIO"), ("fsync", 1, "EIO"), ("fsync", 1, "ENOSPC"), ("rename", 1, "EIO"), ("fsync", 2, "EIO")],
)
def test_a_write_that_fails_is_never_taken_for_done(local: LocalStore, call: str, when: int, trouble: str) -> None:
    script = f"""
import os
from tui_backup.errors import StoreError
from tui_backup.stores.local import LocalStore
try:
    LocalStore({local.path!r}).put("config", b"content")
except StoreError as error:
    os._exit(7)
os._exit(0)
"""
    inject = f"inject={call}:error={trouble}:when={when}"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
    ended = subprocess.run([*strace, sys.executable, "-c", script], check=False)
    assert ended.returncode == 7
    assert [name for name in files(local) if "-tmp-" in name] == []
