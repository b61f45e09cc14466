"""A site whose snapshots are always the same, ids and all: for pictures of the UI. Kept as `tests/data/estate.tar`.

`python -m tests.support.sample_estate` makes that file anew (as root: it backs up `/srv/site`, which must not exist).
Names in it are as bad as names can be: markup, escape sequences, marks that reverse the direction, wide characters.
"""

import os
import shutil
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from tests.support.repositories import open_repository
from tests.support.tars import unpack
from tui_backup.config.load import load_config
from tui_backup.formats.restic.envelope import load_unpacked, save_unpacked
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.history.verifications import Findings
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.services.backup.backups import BackupOptions, run_jobs
from tui_backup.services.workspace import Workspace

ARCHIVE = Path(__file__).parent.parent / "data" / "estate.tar"
SOURCE = Path("/srv/site")

NOW = datetime(2026, 11, 21, 22, 58, 1, tzinfo=UTC)
"""The present in every picture."""

CONFIG = """\
timezone = "America/Sao_Paulo"
state_dir = "state"

[repositories.local]
store = { kind = "local", path = "local" }
password = { file = "local.key" }
min_free = "5%"

[repositories.offsite]
store = { kind = "local", path = "offsite" }
password = { file = "offsite.key" }

# The shop and its uploads.
[jobs.site]
repositories = ["local", "offsite"]
expected_every = "26h"
keep = { daily = 7, weekly = 4 }
sources = [{ kind = "files", paths = ["/srv/site"], exclude = ["node_modules/"] }]

[jobs.mail]
repositories = ["local"]
expected_every = "26h"
sources = [{ kind = "files", paths = ["/var/mail"] }]

[jobs.wiki]
repositories = ["local"]
sources = [{ kind = "files", paths = ["/srv/wiki"] }]

[jobs.new-job-with-a-name-that-is-longer-than-anybody-would-think]
repositories = ["offsite"]
sources = [{ kind = "files", paths = ["/opt/new"] }]
"""

HOSTILE = (
    "[@click=app.bell]press me",
    "[bold red]not markup",
    "escape \x1b[31mred\x1b[0m \x07bell",
    "reversed \u202egnp.exe",
    "日本語のとても長い名前のファイルがここにあります.txt",
    "emoji 🗄️ 👩‍👩‍👧.bin",
    "line\nbreak\tand tab",
)

_NIGHTS = 5


def planted(directory: Path) -> Path:
    """Put the site into an empty directory, with a record of what happened to it; return its configuration."""
    with tarfile.open(ARCHIVE) as archive:
        unpack(archive, directory)
    path = directory / "config.toml"
    with Workspace(load_config(str(path))) as workspace:
        _record(workspace)
    return path


def _record(workspace: Workspace) -> None:
    """Record runs of the last days: jobs that are well, late, failed and new."""
    history = workspace.history
    for name in ("local", "offsite"):
        repository = workspace.repository(name)
        history.remember_repository(name, repository.id)
        history.remember_snapshots(name, repository.snapshots(), NOW)
        history.record_space(name, 61_000_000_000, 200_000_000_000, NOW)
    snapshots = [each for each in history.snapshots("local") if each.job == "site"]
    for night, snapshot in enumerate(snapshots):
        copy = next(each for each in history.snapshots("offsite") if each.identity == snapshot.identity)
        for place, id_ in (("local", snapshot.id), ("offsite", copy.id)):
            run = _run("site", night, snapshot.time, RunStatus.OK, repository=place, snapshot=id_)
            history.finish(msgspec.structs.replace(run, bytes_added=snapshot.added, files=snapshot.files))
    needs = ((snapshots[-2].id, ("aa" * 32,)), (snapshots[-3].id, ("bb" * 32,)))
    findings = Findings(time=NOW - timedelta(days=2), read=("aa" * 32,), damaged=("bb" * 32,), needs=needs)
    history.record_verification("local", findings)
    history.finish(_run("mail", 7, NOW - timedelta(days=2), RunStatus.OK))
    history.finish(_run("wiki", 8, NOW - timedelta(days=1, hours=5), RunStatus.OK))
    failed = _run("wiki", 9, NOW - timedelta(hours=5), RunStatus.FAILED)
    history.finish(msgspec.structs.replace(failed, message="no space left on /srv/backups [/etc]"))
    history.first_seen("new-job-with-a-name-that-is-longer-than-anybody-would-think", NOW - timedelta(hours=1))


def _run(
    job: str, number: int, started: datetime, status: RunStatus, repository: str = "local", snapshot: str | None = None
) -> Run:
    return Run(
        id=f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}-0000000{number}",
        verb=Verb.BACKUP,
        job=job,
        repository=repository,
        kind="scheduled",
        status=status,
        started=started,
        duration=12.0,
        snapshot=snapshot,
    )


def make() -> None:
    """Make the archive."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        config = directory / "config.toml"
        config.write_text(CONFIG.replace("keep =", "# keep ="))
        try:
            for night in range(_NIGHTS):
                _write_site(night)
                with Workspace(load_config(str(config))) as workspace:
                    run_jobs(workspace, [workspace.job("site")], BackupOptions(kind="scheduled"))
        finally:
            shutil.rmtree(SOURCE)
        renamed = _put_in_the_past(directory, "local", {})
        _put_in_the_past(directory, "offsite", renamed)
        config.write_text(CONFIG)
        with tarfile.open(ARCHIVE, "w", format=tarfile.PAX_FORMAT) as archive:
            for name in ("config.toml", "local", "local.key", "offsite", "offsite.key"):
                archive.add(directory / name, name)


def _write_site(night: int) -> None:
    uploads = SOURCE / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    (SOURCE / "index.html").write_text(f"<h1>The shop</h1>\n<p>Night {night}</p>\n")
    (SOURCE / "settings.toml").write_text('[shop]\nname = "The shop"\ncurrency = "BRL"\n')
    (uploads / f"photo-{night}.jpg").write_bytes(bytes(range(256)) * (40 + 10 * night))
    (SOURCE / "empty").mkdir(exist_ok=True)
    (SOURCE / "uploads" / "deep" / "er" / "still").mkdir(parents=True, exist_ok=True)
    (SOURCE / "uploads" / "deep" / "er" / "still" / "note.txt").write_text("found\n")
    strange = SOURCE / "strange names"
    strange.mkdir(exist_ok=True)
    for name in HOSTILE:
        (strange / name).write_text(name)
    if not (SOURCE / "current").is_symlink():
        (SOURCE / "current").symlink_to("uploads")
    for path in sorted(SOURCE.rglob("*"), reverse=True):
        moment = NOW.timestamp() - 86_400 * (30 if path.name != "index.html" else _NIGHTS - night)
        os.utime(path, (moment, moment), follow_symlinks=False)
    os.utime(SOURCE, (NOW.timestamp() - 86_400 * 30,) * 2)


def _put_in_the_past(directory: Path, name: str, originals: dict[str, str]) -> dict[str, str]:
    """Give the snapshots of a repository the times and the host of a site that is backed up every night.

    `originals` are old and new ids of those that these were copied from; returns the same of these.
    """
    access = open_repository(directory / name, (directory / f"{name}.key").read_text().strip()).access
    renamed = {}
    for number, snapshot in enumerate(access.snapshots.read()[0]):
        document = load_unpacked(access.store, FileKind.SNAPSHOT, snapshot.id, access.version, access.cipher)
        made = msgspec.json.decode(document)
        time = NOW - timedelta(days=_NIGHTS - 1 - number, hours=17, minutes=58, seconds=1)
        made |= {"time": time.isoformat(), "hostname": "web1", "username": "root"}
        made |= {key: originals[made[key]] for key in ("original", "copy_of") if made.get(key) in originals}
        made.pop("parent", None)
        renamed[snapshot.id] = save_unpacked(
            access.store, FileKind.SNAPSHOT, msgspec.json.encode(made), access.version, access.cipher
        )
        access.store.delete(key_of(FileKind.SNAPSHOT, snapshot.id))
    return renamed


if __name__ == "__main__":
    make()
