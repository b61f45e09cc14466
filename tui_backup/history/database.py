"""The file that the record lives in: SQLite, one connection a thread, kept usable whatever has become of the disk."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui_backup.errors import BackupError
from tui_backup.history import migrations
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

Trouble = Callable[[str], None]

_BUSY_S = 10.0
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Closed(sqlite3.ProgrammingError):
    """Somebody asks a database that was closed meanwhile."""


class Database:
    """Connections to one database file.

    A file that SQLite calls broken is set aside as `NAME.broken-TIME` and a new one is begun. Where none can be
    written at all (full disk, read-only state) the record lives in memory, with what could be read of the old one,
    until the process ends. Both are told to `on_trouble`.

    Raises:
        BackupError: a newer version of this program has written the file.
    """

    def __init__(self, path: Path, on_trouble: Trouble) -> None:
        self.path = path
        self.lost = False
        """Whether a record may have been there that nobody can read any more."""
        self._tell = on_trouble
        self._lock = threading.RLock()
        self._is_idle = threading.Condition()
        self._users = 0
        self._is_closed = False
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._generation = 0
        self._memory: sqlite3.Connection | None = None
        self._prepare()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection; errors of SQLite pass through, and Closed."""
        with self._using():
            if self._memory is not None:
                with self._lock:
                    yield self._memory
                return
            try:
                yield self._connection()
            except sqlite3.DatabaseError as error:
                if _is_broken(error):
                    self._replace(error)
                raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection in a transaction that is kept if the block ends well."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @property
    def is_kept(self) -> bool:
        """Whether there is a file that is written to."""
        return self._memory is None

    @staticmethod
    def replaced(error: Exception) -> bool:
        """Whether an error was that of a broken file, which is no longer the one in use."""
        return _is_broken(error)

    def close(self) -> None:
        """Close every connection, once nobody uses one; who comes later is refused.

        SQLite crashes where a connection is closed that another thread is using.
        """
        with self._is_idle:
            self._is_closed = True
            self._is_idle.wait_for(lambda: not self._users)
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._generation += 1
            if self._memory is not None:
                self._memory.close()

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Keep the database open."""
        with self._is_idle:
            if self._is_closed:
                raise Closed
            self._users += 1
        try:
            yield
        finally:
            with self._is_idle:
                self._users -= 1
                self._is_idle.notify_all()

    def _connection(self) -> sqlite3.Connection:
        generation, connection = getattr(self._local, "mine", (None, None))
        if connection is None or generation != self._generation:
            with self._lock:
                connection = _connect(self.path)
                self._open.append(connection)
                self._local.mine = (self._generation, connection)
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def _prepare(self) -> None:
        try:
            if not self._is_current():
                self._make_current()
        except (sqlite3.Error, OSError) as error:
            self._keep_in_memory(error)
        except BackupError:
            self.close()
            raise

    def _is_current(self) -> bool:
        """Whether the file exists with the newest schema; a cheap look without any lock."""
        if not self.path.exists():
            return False
        try:
            with self.reading() as connection:
                version = migrations.version_of(connection)
                migrations.check_version(version)
                return version == len(migrations.MIGRATIONS)
        except sqlite3.DatabaseError as error:
            if _is_broken(error):
                return True
            raise

    def _make_current(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(self.path):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            connection = self._connection()
            connection.execute("PRAGMA journal_mode = WAL")
            migrations.migrate(connection)

    def _replace(self, error: sqlite3.DatabaseError) -> None:
        """Set the broken file aside, unless another thread has done so, and begin a new one."""
        with self._lock:
            generation, _connection = getattr(self._local, "mine", (self._generation, None))
            if generation != self._generation:
                return
            self._generation += 1
            self.lost = True
            try:
                self._set_aside(error)
                self._make_current()
            except (sqlite3.Error, OSError) as reason:
                self._keep_in_memory(reason)

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        aside = self.path.with_name(f"{self.path.name}.broken-{now():%Y%m%dT%H%M%S.%fZ}")
        with _alone(self.path):
            if not _is_file_broken(self.path):
                return
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.rename(f"{self.path}{suffix}", f"{aside}{suffix}")
        message = _("the history was damaged ({reason}); it is kept as {aside} and a new one was begun")
        self._tell(message.format(reason=error, aside=aside))

    def _keep_in_memory(self, reason: sqlite3.Error | OSError) -> None:
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.lost = not _copy(self.path, memory)
        migrations.migrate(memory)
        self._memory = memory
        message = _("the history in {path} cannot be used ({reason}); what happens now is not recorded")
        self._tell(message.format(path=self.path.parent, reason=_sentence(reason)))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _copy(path: Path, into: sqlite3.Connection) -> bool:
    """Copy what the last checkpoint left in a file that nothing can be written beside; return whether that worked."""
    try:
        source = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
        try:
            source.backup(into)
        finally:
            source.close()
    except sqlite3.Error:
        return False
    return True


def _is_broken(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _BROKEN


def _is_file_broken(path: Path) -> bool:
    """Whether SQLite finds fault with a file; another process may have replaced it meanwhile."""
    try:
        connection = _connect(path)
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return _is_broken(error)


def _sentence(reason: sqlite3.Error | OSError) -> str:
    return reason_of(reason) if isinstance(reason, OSError) else str(reason)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from making, migrating or replacing the same database meanwhile."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
