"""The record survives processes, old versions, broken files and full disks."""

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.mounts import read_only, tmpfs
from tests.support.running import fill
from tui_backup.errors import BackupError
from tui_backup.history.history import History
from tui_backup.history.migrations import MIGRATIONS
from tui_backup.model.run import Run, RunStatus, Verb

ROOT = Path(__file__).parent.parent.parent

WRITER = """
import sys
from pathlib import Path
from tui_backup.history.history import History
with History.open(Path(sys.argv[1])) as history:
    for number in range(100):
        history.remember_repository(f"{sys.argv[2]}-{number}", "id")
    assert not history.troubles, history.troubles
"""

CLOSER = """
import sys, threading, time
from pathlib import Path
from tui_backup.history.history import History
from tests.history.test_database import make_run

def ask():
    while not over.is_set():
        history.runs()

over = threading.Event()
for _round in range(15):
    history = History.open(Path(sys.argv[1]))
    history.finish(make_run())
    readers = [threading.Thread(target=ask) for _number in range(4)]
    for reader in readers:
        reader.start()
    history.close()
    assert history.runs() == []
    assert not history.troubles, history.troubles
    over.set()
    for reader in readers:
        reader.join()
    over.clear()
"""


def make_run() -> Run:
    return Run(
        id="20261121T020000Z-1a2b3c4d",
        verb=Verb.BACKUP,
        job="site",
        repository="local",
        kind=None,
        status=RunStatus.OK,
        started=datetime(2026, 11, 21, tzinfo=UTC),
    )


def test_files_are_private(tmp_path: Path) -> None:
    with History.open(tmp_path / "state") as history:
        history.finish(make_run())
        modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
        assert modes == {0o600}
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_every_older_schema_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    old = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    for migration in MIGRATIONS[:version]:
        migration(old)
    old.execute(f"PRAGMA user_version = {version}")
    old.execute("INSERT INTO jobs VALUES ('site', '2026-11-21T00:00:00.000000Z')")
    old.close()
    with History.open(tmp_path) as history:
        history.finish(make_run())
        history.remember_repository("local", "id")
        assert history.proofs("local") == {}
        assert not history.troubles
        assert history.first_seen("site") == datetime(2026, 11, 21, tzinfo=UTC)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    newer = sqlite3.connect(tmp_path / "history.db")
    newer.execute("PRAGMA user_version = 999")
    newer.close()
    with pytest.raises(BackupError, match="newer version"):
        History.open(tmp_path)


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"no database at all" * 100)
    told: list[str] = []
    with History.open(tmp_path, told.append) as history:
        history.finish(make_run())
        assert history.runs() == [make_run()]
        assert history.lost
    assert len(told) == 1
    assert len(list(tmp_path.glob("history.db.broken-*"))) == 1


def test_damage_found_in_use_is_set_aside_and_the_write_is_repeated(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.remember_repository("local", "id")
    content = bytearray((tmp_path / "history.db").read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    (tmp_path / "history.db").write_bytes(content)
    with History.open(tmp_path) as history:
        history.finish(make_run())
        assert history.runs() == [make_run()]
        assert (history.lost, len(history.troubles)) == (True, 1)
    with History.open(tmp_path) as history:
        assert history.runs() == [make_run()]
        assert not history.lost


def test_processes_and_threads_write_at_once(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], cwd=ROOT) for name in ("one", "two")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    with History.open(tmp_path) as history:
        threads = [threading.Thread(target=history.remember_repository, args=(str(n), "id")) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(history.known_repository(f"{name}-99") for name in ("one", "two"))
        assert all(history.known_repository(str(n)) for n in range(8))
        assert not history.troubles


@pytest.mark.requires("tmpfs")
def test_a_full_disk_is_trouble_and_no_error(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "state") as state, History.open(state) as history:
        history.remember_repository("local", "id")
        fill(state)
        history.warn_all("run", [(None, "x" * 1000)] * 1000)
        assert len(history.troubles) == 1
        assert history.known_repository("local") == "id"
        with History.open(state) as another:
            assert another.known_repository("local") == "id"


@pytest.mark.requires("tmpfs")
def test_a_new_record_on_a_full_disk_lives_in_memory(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "state", inodes=1) as state, History.open(state) as history:
        history.finish(make_run())
        assert history.runs() == [make_run()]
        assert history.lost
        assert len(history.troubles) == 1


@pytest.mark.requires("tmpfs")
def test_a_read_only_state_can_still_be_read(tmp_path: Path) -> None:
    with History.open(tmp_path) as history:
        history.remember_repository("local", "id")
    with read_only(tmp_path), History.open(tmp_path) as history:
        history.finish(make_run())
        assert history.known_repository("local") == "id"
        assert history.troubles
        assert not history.lost


def test_it_is_closed_only_once_nobody_asks_it(tmp_path: Path) -> None:
    """SQLite crashes, now and then, where a connection is closed that another thread is using."""
    subprocess.run([sys.executable, "-c", CLOSER, str(tmp_path)], cwd=ROOT, check=True, timeout=60)
