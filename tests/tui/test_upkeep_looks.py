"""Pictures of the pages of upkeep, in two sizes and two themes."""

import os
from base64 import b64decode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.sample_estate import HOSTILE, NOW
from tests.tui.conftest import Look, settled
from tests.tui.tending import listing
from tui_backup.config.load import load_config
from tui_backup.history.verifications import Findings
from tui_backup.model.event import Progressed, Started
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.retention import LastPrune
from tui_backup.model.run import Verb
from tui_backup.services.runs.current import RunningRun
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import Damage, Keys, Locks, Mend, Prune, Verify
from tui_backup.tui.upkeep.mend import MendPage, Stage
from tui_backup.tui.upkeep.verify import VerifyPage

LOCKS = {
    "local": "sUHZtmRSqnJ8WQ2O4VWJB5kzYBg767fHGQlQrxZOMpC0ke2s8NzjdF5MyEoE61oCbTWvhRKG/OAlGTHTt9E5mXVXbUvY+YSzB/th"
    "kW2KhvtHv47dBPq79psL5Rjj0O0bQ36Cxr6QQ+ruKncugeq0MA0N3vMZ73ttLZGoDXzdtyzRd16ZS/6iwooiWTmXlCLB7A==",
    "offsite": "6GZRM06AekYG5MyOFygkPbLZ2/GpYAuEL689olO1jHnOWBLjCwYNJgzW7ScO5TZAw1BBOodk6ojICRysfgeeEeQ+VebZPcnhk73X"
    "ZQoQW6zYt/6uHnBLs+6F/iYYl7UrL/lZuCUjlQsoe518tIj6bARQcW6HmXIFgD9T3hGEfgtoEF8+ehmZqNQNRuRAXykdxIUCXpnn"
    "EFuTP1WI1ZCS/f+1",
}
"""Locks of the sample site, sealed: of a process of web1 that has ended, and of `eve` on a host with a hostile name."""


@pytest.fixture(autouse=True)
def _held_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("services.upkeep.pruning", "formats.restic.locks.life"):
        monkeypatch.setattr(f"tui_backup.{module}.now", lambda: NOW)


def keep(site: Path, policy: str) -> None:
    """Give the job another policy."""
    site.write_text(site.read_text().replace("{ daily = 7, weekly = 4 }", policy))


def find_damage(site: Path) -> None:
    """Record damage, also of files with bad names."""
    with Workspace(load_config(str(site))) as workspace:
        ids = [snapshot.id for snapshot in workspace.history.snapshots("local")]
        paths = tuple(f"/srv/site/strange names/{name}".encode() for name in HOSTILE)
        problems = (
            Problem(kind=ProblemKind.PACK_MISSING, object=f"data/1f/{'1f' * 32}", message="the pack is missing",
                    snapshots=tuple(ids[1:]), paths=paths),
            Problem(kind=ProblemKind.BLOB_DAMAGED, object="c4" * 32, message="the authentication tag does not match",
                    snapshots=(ids[0],), paths=(b"/srv/site/uploads/photo-0.jpg",)),
            Problem(kind=ProblemKind.PACK_UNLISTED, object=f"data/77/{'77' * 32}", message="no index lists the pack",
                    hint=True),
        )  # fmt: skip
        findings = Findings(
            time=NOW - timedelta(hours=3), needs=tuple((id_, ()) for id_ in ids), broken=tuple(ids), complete=True,
            problems=problems,
        )  # fmt: skip
        workspace.history.record_verification("local", findings)


def spoil(site: Path) -> None:
    """Damage the largest pack of the local repository."""
    packs = [path for path in (site.parent / "local" / "data").rglob("*") if path.is_file()]
    pack = max(packs, key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[100] ^= 1
    os.chmod(pack, 0o600)
    pack.write_bytes(content)


def test_verify(look: Look) -> None:
    look(Verify())


def test_verify_a_share_of_marked_snapshots_while_another_goes_on(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        app, page = pilot.app, pilot.app.screen
        assert isinstance(app, BackupApp)
        assert isinstance(page, VerifyPage)
        await pilot.press("m")
        listing(pilot, "#snapshots").focus()
        await pilot.press("down", "space")
        run = RunningRun(
            run="r", verb=Verb.VERIFY, job=None, repository="offsite", kind=None, pid=1, started=NOW, heartbeat=NOW,
            progress=None,
        )  # fmt: skip
        app.desk.bus.publish(Started(run="r", job=None, repository="offsite"))
        app.desk.bus.publish(Progressed(run="r", files_done=7, bytes_done=13_000, bytes_total=21_000))
        await settled(pilot)
        page._adopt([run])

    look(Verify(repository="local"), before)


def test_damage(site: Path, look: Look) -> None:
    find_damage(site)
    look(Damage(repository="local"))


def test_no_damage(look: Look) -> None:
    look(Damage(repository="offsite"))


def test_mend(site: Path, look: Look) -> None:
    spoil(site)

    async def before(pilot: Pilot[None]) -> None:
        page = pilot.app.screen
        assert isinstance(page, MendPage)
        while page.stage is Stage.PLANNING:
            await pilot.pause(0.01)

    look(Mend(repository="local", kind="packs", other="offsite"), before)


def test_prune(site: Path, look: Look) -> None:
    keep(site, "{ last = 3 }")
    look(Prune(job="site", repository="local"))


def test_prune_asks(site: Path, look: Look) -> None:
    keep(site, "{ last = 1 }")
    with Workspace(load_config(str(site))) as workspace:
        workspace.history.note_prune("site", "local", LastPrune(NOW - timedelta(days=1), 5, 0))

    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("P")

    look(Prune(repository="local"), before)


def test_tags(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("T")

    look(Prune(repository="offsite"), before)


def test_locks(site: Path, look: Look) -> None:
    for name, sealed in LOCKS.items():
        content = b64decode(sealed)
        directory = site.parent / name / "locks"
        directory.mkdir(exist_ok=True)
        (directory / sha256(content).hexdigest()).write_bytes(content)
    look(Locks())


def test_no_locks(look: Look) -> None:
    look(Locks(), ascii_only=True)


def test_force(site: Path, look: Look) -> None:
    content = b64decode(LOCKS["offsite"])
    directory = site.parent / "offsite" / "locks"
    directory.mkdir(exist_ok=True)
    (directory / sha256(content).hexdigest()).write_bytes(content)

    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("F")

    look(Locks(repository="offsite"), before)


def test_keys(look: Look) -> None:
    look(Keys())


def test_new_password(look: Look) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("A")
        await pilot.press(*"short")

    look(Keys(repository="offsite"), before)
