"""Snapshots of the past, planted into a repository without backing anything up, and what else a policy meets there."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.support.estate import Estate, password_of
from tests.support.repositories import open_repository
from tui_backup.formats.restic.envelope import save_unpacked
from tui_backup.formats.restic.layout import FileKind
from tui_backup.primitives.clock import now
from tui_backup.primitives.identity import identity


def plant(
    estate: Estate,
    name: str,
    times: Iterable[datetime],
    *,
    job: str | None = "site",
    tags: Iterable[str] = (),
    **fields: Any,
) -> list[str]:
    """Keep what is in the newest snapshot of a repository again, as if that had been done at these times.

    A job of None stands for another program. Returns the ids.
    """
    access = open_repository(estate.directory / name, password_of(name)).access
    newest = estate.held(name)[-1]
    own = [] if job is None else ["tui-backup", f"job={job}", "kind=manual"]
    document = {"tree": newest.root, "paths": newest.paths, "hostname": identity().hostname, "tags": [*own, *tags]}
    ids = []
    for time in times:
        made = document | {"time": time.astimezone(UTC).isoformat()} | fields
        ids.append(
            save_unpacked(access.store, FileKind.SNAPSHOT, msgspec.json.encode(made), access.version, access.cipher)
        )
    return ids


def leave_lock(estate: Estate, name: str = "local", **fields: Any) -> str:
    """Leave the lock of a backup of another host, with some fields changed; return its name."""
    access = open_repository(estate.directory / name, password_of(name)).access
    owner = {"time": now().isoformat(), "hostname": "web2", "username": "eve", "pid": 7, "exclusive": False} | fields
    return save_unpacked(access.store, FileKind.LOCK, msgspec.json.encode(owner), access.version, access.cipher)


def with_keep(estate: Estate, keep: str, job: str = "site") -> None:
    """Give a job a policy, in place of another."""
    path = estate.directory / "config.toml"
    lines = path.read_text().splitlines()
    at = lines.index(f"[jobs.{job}]") + 1
    if lines[at].startswith("keep = "):
        del lines[at]
    path.write_text("\n".join([*lines[:at], *([f"keep = {keep}"] if keep else []), *lines[at:]]) + "\n")
