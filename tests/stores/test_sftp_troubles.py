"""What can happen between us and an SSH server, and on it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

from tests.support.distant import new_place, sftp_table, store_of
from tests.support.mounts import tmpfs
from tests.support.servers.asyncssh_server import PASSWORD, USER, FullDisk, asyncssh_server
from tests.support.servers.daemons import free_port, until
from tests.support.servers.relay import Relay, Trouble
from tests.support.servers.sshd import SshServer, ssh_server
from tui_backup.errors import NotFound, StoreError, StoreFull, StoreUnavailable
from tui_backup.primitives.secret import Secret, SecretSource
from tui_backup.stores.base import Store
from tui_backup.stores.sftp import connecting, line, requests, session, upload
from tui_backup.stores.sftp.store import SftpStore

pytestmark = pytest.mark.requires("sshd")

KEY = "data/aa/object"
MEBIBYTE = 1024 * 1024


def place_on(server: SshServer) -> tuple[Store, Path]:
    """Return a new store on a server, with a connection of its own, and where its files are."""
    path = Path(server.files, new_place())
    own = Path(server.files, f"known_hosts-{path.name}")
    own.write_bytes(Path(server.known_hosts).read_bytes())
    store = store_of({**sftp_table(server, str(path)), "known_hosts": str(own)})
    store.create()
    return store, path


def files_in(path: Path) -> list[str]:
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


def leftovers(path: Path) -> list[Path]:
    return [each for each in path.rglob("*") if "-tmp-" in each.name]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs of a second or two."""
    monkeypatch.setattr(session, "SILENCE_S", 1.0)
    monkeypatch.setattr(connecting, "CONNECT_S", 1.0)
    monkeypatch.setattr(line, "PATIENCE_S", 2.0)


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_was_cut_off_is_sent_again(relay: Relay, relayed_ssh: SshServer, way: str) -> None:
    relay.set(Trouble(count=1, up=2 * MEBIBYTE if way == "up" else None, down=2 * MEBIBYTE if way == "down" else None))
    store, path = place_on(relayed_ssh)
    content = os.urandom(5 * MEBIBYTE)
    store.put(KEY, content)
    assert store.get(KEY) == content
    assert relay.connections == 2
    store.put("data/aa/next", b"")
    until(lambda: not leftovers(path), lambda: f"left: {leftovers(path)}")
    assert files_in(path) == ["data/aa/next", KEY]


def test_a_connection_that_flips_a_bit_is_given_up(relay: Relay, relayed_ssh: SshServer) -> None:
    relay.set(Trouble(count=1, down=2 * MEBIBYTE, flip=True))
    store, _path = place_on(relayed_ssh)
    content = os.urandom(5 * MEBIBYTE)
    store.put(KEY, content)
    assert store.get(KEY) == content


def test_what_is_written_piece_by_piece_is_not_sent_again(relay: Relay, relayed_ssh: SshServer) -> None:
    relay.set(Trouble(count=1, up=2 * MEBIBYTE))
    store, path = place_on(relayed_ssh)

    def write() -> None:
        with store.writing(KEY) as sink:
            for _number in range(20):
                sink.write(bytes(MEBIBYTE))

    with pytest.raises(StoreUnavailable, match="is lost"):
        write()
    assert list(store.objects()) == []
    store.put("config", b"")
    until(lambda: files_in(path) == ["config"], lambda: f"left: {files_in(path)}")


def test_a_name_whose_giving_was_not_answered_is_looked_for(ssh: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    store, path = place_on(ssh)
    replace, asked = requests.replace, []

    async def unanswered(session: session.Session, temporary: str, final: str) -> None:
        asked.append(final)
        await replace(session, temporary, final)
        if len(asked) == 1:
            raise asyncssh.SFTPConnectionLost("cut by the test")

    monkeypatch.setattr(upload, "replace", unanswered)
    with store.writing(KEY) as sink:
        sink.write(b"content")
    assert len(asked) == 2
    assert files_in(path) == [KEY]
    assert store.get(KEY) == b"content"


def test_a_server_that_comes_back_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    content = os.urandom(3 * MEBIBYTE)
    with ssh_server(tmp_path, port=port) as server:
        store, _path = place_on(server)
        store.put(KEY, content)
        sessions = children_of(server.pid)
    for pid in sessions:
        os.kill(pid, signal.SIGKILL)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(store.get(KEY)))
    reader.start()
    with ssh_server(tmp_path, port=port):
        reader.join(30)
        assert got == [content]


def children_of(pid: int) -> list[int]:
    """Return the descendants of a process."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [*children_of(int(child)), int(child)]
    return found


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Have processes stand still."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_stands_still_is_given_up(tmp_path: Path) -> None:
    with ssh_server(tmp_path) as server:
        store, _path = place_on(server)
        store.put(KEY, b"before")
        with stopped([*children_of(server.pid), server.pid]):
            began = time.monotonic()
            for ask in (lambda: store.get(KEY), lambda: store.put(KEY, b"after")):
                with pytest.raises(StoreUnavailable):
                    ask()
            assert time.monotonic() - began < 20
        assert store.get(KEY) == b"before"
        store.put(KEY, b"after")
        assert store.get(KEY) == b"after"


@pytest.mark.requires("tmpfs")
def test_a_full_disk_is_told_as_such_and_keeps_nothing_of_the_object(ssh: SshServer, tmp_path: Path) -> None:
    with tmpfs(tmp_path / "small", "4m") as small:
        table = sftp_table(ssh, str(small / "store"))
        store = store_of(table)
        store.create()
        store.put("config", b"small")
        with pytest.raises(StoreFull, match="No space left on device"):
            store.put(KEY, bytes(6 * MEBIBYTE))
        assert files_in(small / "store") == ["config"]
        store.put(KEY, bytes(MEBIBYTE))


def test_a_server_with_a_word_for_a_full_disk_is_understood(tmp_path: Path) -> None:
    with asyncssh_server(tmp_path, FullDisk) as server:
        store = SftpStore(
            url=f"sftp://{USER}@127.0.0.1:{server.port}{server.files}/store",
            known_hosts=server.known_hosts,
            password=SecretSource(literal=Secret(PASSWORD)),
        )
        store.create()
        with pytest.raises(StoreFull):
            store.put("config", b"content")
        assert files_in(Path(server.files)) == []


def test_a_disk_that_is_not_mounted_is_noticed(ssh: SshServer) -> None:
    store = store_of(sftp_table(ssh, f"{ssh.files}/{new_place()}"))
    for ask in (lambda: store.put(KEY, b""), lambda: list(store.objects()), lambda: list(store.objects("data/"))):
        with pytest.raises(NotFound) as missing:
            ask()
        assert "mounted" in str(missing.value.hint)
    assert store.space() is None


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A server that knows none of OpenSSH's extensions."""
    denied = ["posix-rename", "fsync", "statvfs", "limits", "fstatvfs", "hardlink"]
    with ssh_server(tmp_path_factory.mktemp("plain"), denied=denied) as server:
        yield server


def test_a_server_without_extensions_will_do(plain: SshServer) -> None:
    store, path = place_on(plain)
    for content in (os.urandom(3 * MEBIBYTE), b"second"):
        store.put(KEY, content)
        assert store.get(KEY) == content
    assert files_in(path) == [KEY]
    assert store.space() is None


def test_sessions_that_the_server_has_no_room_for_are_asked_for_again(tmp_path: Path) -> None:
    with ssh_server(tmp_path, lines=["MaxStartups 1:100:1", "MaxSessions 1", "LoginGraceTime 2"]) as server:
        path = Path(server.files, new_place())
        table = sftp_table(server, str(path))
        stores = []
        for number in range(4):
            hosts = tmp_path / f"known_hosts-{number}"
            hosts.write_bytes(Path(server.known_hosts).read_bytes())
            stores.append(store_of({**table, "known_hosts": str(hosts)}))
        stores[0].create()
        threads = [
            threading.Thread(target=store.put, args=(f"data/{number}", b"")) for number, store in enumerate(stores)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert files_in(path) == [f"data/{number}" for number in range(4)]


def test_what_a_killed_writer_leaves_is_no_object_and_is_tidied(ssh: SshServer) -> None:
    store, path = place_on(ssh)
    recipe = store.recipe()
    program = (
        "import sys; from tui_backup.stores.recipes import opened\n"
        f"with opened({recipe!r}).writing({KEY!r}) as sink:\n"
        "    sink.write(bytes(1 << 20))\n"
        "    print('written', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        store.tidy()
        assert len(leftovers(path)) == 1
        writer.kill()
    assert list(store.objects()) == []
    assert len(leftovers(path)) == 1
    store.tidy()
    assert leftovers(path) == []


def test_two_writers_of_one_object_leave_one_of_the_two(ssh: SshServer) -> None:
    store, path = place_on(ssh)
    contents = [bytes([number]) * MEBIBYTE for number in range(4)]
    threads = [threading.Thread(target=store.put, args=(KEY, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get(KEY) in contents
    assert files_in(path) == [KEY]


def test_files_belong_to_their_owner_or_as_with_restic_to_the_group_of_the_config(ssh: SshServer) -> None:
    store, path = place_on(ssh)
    store.put("config", b"")
    store.put("data/aa/private", b"")
    modes = {name: (path / name).stat().st_mode & 0o777 for name in ("", "config", "data/aa", "data/aa/private")}
    assert modes == {"": 0o700, "config": 0o600, "data/aa": 0o700, "data/aa/private": 0o600}
    (path / "config").chmod(0o640)
    store.put("data/bb/shared", b"")
    assert (path / "data/bb/shared").stat().st_mode & 0o777 == 0o660
    assert (path / "data/bb").stat().st_mode & 0o777 == 0o770


def test_what_is_no_object_is_passed_over(ssh: SshServer, tmp_path: Path) -> None:
    store, path = place_on(ssh)
    store.put("data/aa/object", b"content")
    (path / "data/.hidden").write_bytes(b"")
    (path / "lost+found").mkdir()
    (path / "lost+found/found").write_bytes(b"")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/object").write_bytes(b"elsewhere")
    (path / "data/linked").symlink_to(tmp_path / "elsewhere")
    (path / "data/link").symlink_to(tmp_path / "elsewhere/object")
    (path / "data/broken").symlink_to(tmp_path / "nowhere")
    os.mkfifo(path / "data/pipe")
    Path(os.fsdecode(os.fsencode(path) + b"/data/\xff")).write_bytes(b"")
    assert {found.key: found.size for found in store.objects()} == {"data/aa/object": 7, "data/link": 9}


def test_what_the_server_refuses_is_told_with_its_place(ssh: SshServer) -> None:
    store, path = place_on(ssh)
    (path / "data").write_bytes(b"in the way")
    with pytest.raises(StoreError) as refused:
        store.put(KEY, b"")
    assert not refused.value.transient
    assert f"{path}/{KEY}" in refused.value.message
    with pytest.raises(StoreError, match="cannot write"):
        store.put("long/" + "x" * 300, b"")
