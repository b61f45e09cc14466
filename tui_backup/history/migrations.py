"""How the schema of the record came to be: ordered steps, each applied once, together with the note of it."""

import sqlite3
from collections.abc import Callable

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _

Migration = Callable[[sqlite3.Connection], None]


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many migrations a database has had; a new one has had none."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to the newest schema; what has been applied stays applied if a later step fails.

    Raises:
        BackupError: a newer version of this program has written it.
    """
    while (version := version_of(connection)) != len(MIGRATIONS):
        check_version(version)
        connection.execute("BEGIN IMMEDIATE")
        try:
            if version_of(connection) == version:
                MIGRATIONS[version](connection)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def check_version(version: int) -> None:
    """Raise BackupError if this program does not know a schema."""
    if version > len(MIGRATIONS):
        message = _("the history was written by a newer version of tui-backup (schema {found}, known up to {known})")
        raise BackupError(
            message.format(found=version, known=len(MIGRATIONS)),
            hint=_("update tui-backup on this host, or give this configuration a state_dir of its own"),
        )


def _runs(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE runs (
            id TEXT NOT NULL, repository TEXT NOT NULL, verb TEXT NOT NULL, job TEXT, kind TEXT,
            status TEXT NOT NULL, started TEXT NOT NULL, duration REAL, snapshot TEXT, bytes_added INTEGER,
            bytes_processed INTEGER, files INTEGER, warnings INTEGER NOT NULL DEFAULT 0, message TEXT,
            PRIMARY KEY (id, repository)
        ) WITHOUT ROWID
    """)
    connection.execute("CREATE INDEX runs_of_job ON runs (job, started)")
    connection.execute("CREATE INDEX runs_by_time ON runs (started)")
    connection.execute("CREATE INDEX runs_going_on ON runs (id) WHERE status = 'running'")
    connection.execute("""
        CREATE TABLE warnings (
            run TEXT NOT NULL, number INTEGER NOT NULL, path BLOB, message TEXT NOT NULL,
            PRIMARY KEY (run, number)
        ) WITHOUT ROWID
    """)
    connection.execute("CREATE TABLE jobs (name TEXT PRIMARY KEY, first_seen TEXT NOT NULL) WITHOUT ROWID")


def _repositories(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE repositories (
            name TEXT PRIMARY KEY, id TEXT, free INTEGER, total INTEGER, space_at TEXT, checked_at TEXT,
            listed_at TEXT
        ) WITHOUT ROWID
    """)
    connection.execute("""
        CREATE TABLE snapshots (
            repository TEXT NOT NULL, id TEXT NOT NULL, job TEXT, time TEXT NOT NULL, status TEXT NOT NULL,
            kind TEXT, size INTEGER, original TEXT NOT NULL, content BLOB NOT NULL,
            PRIMARY KEY (repository, id)
        ) WITHOUT ROWID
    """)
    connection.execute("CREATE INDEX snapshots_of_job ON snapshots (job, time)")


def _verifications(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE packs (
            number INTEGER PRIMARY KEY, repository TEXT NOT NULL, name TEXT NOT NULL,
            verified_at TEXT, damaged INTEGER NOT NULL DEFAULT 0,
            UNIQUE (repository, name)
        )
    """)
    connection.execute("""
        CREATE TABLE standings (
            repository TEXT NOT NULL, snapshot TEXT NOT NULL, packs BLOB NOT NULL,
            broken INTEGER NOT NULL, checked_at TEXT NOT NULL, integrity TEXT NOT NULL, verified_at TEXT,
            PRIMARY KEY (repository, snapshot)
        ) WITHOUT ROWID
    """)


def _retention(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE prunes (
            job TEXT NOT NULL, repository TEXT NOT NULL, time TEXT NOT NULL, kept INTEGER NOT NULL,
            removed INTEGER NOT NULL,
            PRIMARY KEY (job, repository)
        ) WITHOUT ROWID
    """)
    connection.execute("""
        CREATE TABLE forgotten (
            repository TEXT NOT NULL, original TEXT NOT NULL, time TEXT NOT NULL,
            PRIMARY KEY (repository, original)
        ) WITHOUT ROWID
    """)
    connection.execute("""
        CREATE TABLE holds (
            job TEXT NOT NULL, repository TEXT NOT NULL, time TEXT NOT NULL, reason TEXT NOT NULL,
            PRIMARY KEY (job, repository)
        ) WITHOUT ROWID
    """)


def _problems(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE problems (
            repository TEXT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL, found_at TEXT NOT NULL,
            snapshots INTEGER NOT NULL, content BLOB NOT NULL,
            PRIMARY KEY (repository, kind, object)
        ) WITHOUT ROWID
    """)


def _alerts(connection: sqlite3.Connection) -> None:
    for column in ("files_new", "files_changed", "files_unmodified"):
        connection.execute(f"ALTER TABLE runs ADD COLUMN {column} INTEGER")
    connection.execute("""
        CREATE TABLE alerts (
            name TEXT NOT NULL, job TEXT NOT NULL, repository TEXT NOT NULL, notifier TEXT NOT NULL,
            since TEXT NOT NULL, told_at TEXT NOT NULL, times INTEGER NOT NULL, gone_since TEXT, closed_at TEXT,
            acknowledged INTEGER NOT NULL, trouble BLOB NOT NULL,
            PRIMARY KEY (name, job, repository, notifier)
        ) WITHOUT ROWID
    """)
    connection.execute("""
        CREATE TABLE outbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT, notifier TEXT NOT NULL, notice TEXT NOT NULL,
            time TEXT NOT NULL, content BLOB NOT NULL,
            UNIQUE (notifier, notice)
        )
    """)
    connection.execute("""
        CREATE TABLE receptions (
            name TEXT PRIMARY KEY, failing_since TEXT NOT NULL, attempts INTEGER NOT NULL, next_at TEXT NOT NULL,
            reason TEXT NOT NULL, lost INTEGER NOT NULL
        ) WITHOUT ROWID
    """)
    connection.execute("""
        CREATE TABLE sudden_changes (
            job TEXT PRIMARY KEY, run TEXT NOT NULL, time TEXT NOT NULL, reason TEXT NOT NULL, acknowledged_at TEXT
        ) WITHOUT ROWID
    """)


def _triggers(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE triggers (
            job TEXT NOT NULL, what TEXT NOT NULL, label TEXT NOT NULL, line TEXT NOT NULL, zone TEXT NOT NULL,
            first_seen TEXT NOT NULL, is_founding INTEGER NOT NULL, is_configured INTEGER NOT NULL DEFAULT 1,
            last_moment TEXT, was_skipped INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (job, what, label, line, zone)
        ) WITHOUT ROWID
    """)


def _attempts(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE runs ADD COLUMN next_attempt TEXT")


def _glances(connection: sqlite3.Connection) -> None:
    """What `status` asks of each job and repository is answered by indices alone, however much has happened.

    A daemon of an earlier version, which knows no hosts, may go on writing until somebody restarts it.
    """
    connection.execute("ALTER TABLE snapshots ADD COLUMN host TEXT")
    connection.execute("UPDATE snapshots SET host = json_extract(CAST(content AS TEXT), '$.host')")
    connection.execute("""
        CREATE TRIGGER snapshots_of_host AFTER INSERT ON snapshots WHEN new.host IS NULL BEGIN
            UPDATE snapshots SET host = json_extract(CAST(content AS TEXT), '$.host')
            WHERE repository = new.repository AND id = new.id;
        END
    """)
    connection.execute("DROP INDEX snapshots_of_job")
    connection.execute("CREATE INDEX snapshots_of_job ON snapshots (job, time, kind, status, host, original, size)")
    connection.execute("CREATE INDEX runs_of_verb ON runs (job, verb, started)")
    connection.execute("DROP INDEX runs_going_on")
    connection.execute("CREATE INDEX runs_going_on ON runs (started) WHERE status = 'running'")
    connection.execute("CREATE INDEX standings_damaged ON standings (repository, snapshot) WHERE integrity = 'damaged'")


def _lookout(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE endings (run TEXT PRIMARY KEY, told_at TEXT) WITHOUT ROWID")
    connection.execute("CREATE INDEX endings_untold ON endings (run) WHERE told_at IS NULL")
    connection.execute("CREATE TABLE sightings (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID")


MIGRATIONS: tuple[Migration, ...] = (
    _runs,
    _repositories,
    _verifications,
    _retention,
    _problems,
    _alerts,
    _triggers,
    _attempts,
    _glances,
    _lookout,
)
