"""Snapshots over several repositories: copies neither hide nor double anything."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.components import restic
from tests.support.estate import Estate, build_estate, password_of
from tests.support.repositories import access_of
from tui_backup.history.verifications import Findings
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.services.browsing import opened as browsing
from tui_backup.services.storage.snapshots import Filter, distinct, reach, resolve, rows
from tui_backup.services.workspace import Workspace

ALL = Filter()


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path)
    estate.run()
    (estate.source / "a").write_text("two\n")
    estate.run()
    return estate


@pytest.fixture
def workspace(estate: Estate) -> Iterator[Workspace]:
    with estate.open() as workspace:
        yield workspace


def wound(workspace: Workspace, repository: str, snapshot: Snapshot) -> None:
    findings = Findings(time=now(), needs=((snapshot.id, ("p",)),), damaged=("p",))
    workspace.history.record_verification(repository, findings)


def test_latest_is_taken_from_the_first_repository_of_the_job(estate: Estate, workspace: Workspace) -> None:
    newest = estate.held("local")[-1]
    for name in ("latest", "latest:site"):
        found = resolve(reach(workspace), name)
        assert (found.snapshot.id, found.shelf.name, found.warnings) == (newest.id, "local", ())


def test_the_order_of_the_job_counts_not_that_of_the_configuration(estate: Estate) -> None:
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace('["local", "offsite"]', '["offsite", "local"]'))
    with estate.open() as workspace:
        assert resolve(reach(workspace), "latest").shelf.name == "offsite"


def test_latest_passes_over_a_copy_that_is_known_to_be_damaged_and_says_so(
    estate: Estate, workspace: Workspace
) -> None:
    damaged = estate.held("local")[-1]
    wound(workspace, "local", damaged)
    found = resolve(reach(workspace), "latest")
    assert found.shelf.name == "offsite"
    assert found.warnings == (f"snapshot {damaged.short_id} in local is damaged; this is its copy in offsite",)


def test_who_names_a_damaged_snapshot_is_told_of_its_good_copy(estate: Estate, workspace: Workspace) -> None:
    damaged, good = estate.held("local")[0], estate.held("offsite")[0]
    wound(workspace, "local", damaged)
    found = resolve(reach(workspace), damaged.short_id)
    assert found.shelf.name == "local"
    warning = f"snapshot {damaged.short_id} in local is damaged; {good.short_id} is its copy in offsite"
    assert found.warnings == (warning,)


def test_each_snapshot_is_looked_into_once(estate: Estate, workspace: Workspace) -> None:
    snapshots = distinct(reach(workspace), ALL)
    assert [found.snapshot.id for found in snapshots] == [snapshot.id for snapshot in estate.held("local")]
    hits = list(browsing.find(snapshots, lambda path: path.endswith(b"/a"), Watch()))
    assert [hit.repository for hit in hits] == ["local", "local"]
    versions = browsing.versions(snapshots, os.fsencode(estate.source / "a"))
    assert [len(version.snapshots) for version in versions] == [1, 1]


def test_two_snapshots_of_one_repository_stay_two_though_one_was_made_from_the_other(
    estate: Estate, workspace: Workspace
) -> None:
    local = workspace.repository("local")
    files = access_of(local).snapshots
    first, second = local.snapshots()
    files.add(msgspec.json.encode(files.file(first.id).fields | {"original": second.id}))
    assert len(distinct(reach(workspace), ALL)) == 3


def test_each_copy_has_a_row_that_names_its_source(estate: Estate, workspace: Workspace) -> None:
    found = rows(workspace, reach(workspace).shelves, ALL)
    by_repository = {name: [row for row in found if row.repository == name] for name in estate.names}
    assert [row.copy_of for row in by_repository["local"]] == [None, None]
    assert [row.copy_of for row in by_repository["offsite"]] == [row.id for row in by_repository["local"]]


@pytest.mark.requires("restic")
def test_copies_that_restic_made_are_known_as_copies(tmp_path: Path) -> None:
    estate = build_estate(tmp_path, ("local",), spare=("offsite",))
    estate.run()
    environment = os.environ | {
        "RESTIC_FROM_PASSWORD": password_of("local"),
        "RESTIC_PASSWORD": password_of("offsite"),
    }
    command = [restic() or "restic", "--no-cache", "-r", str(tmp_path / "offsite"), "copy"]
    subprocess.run([*command, "--from-repo", str(tmp_path / "local")], env=environment, check=True, capture_output=True)
    with estate.open() as workspace:
        found = {row.repository: row for row in rows(workspace, reach(workspace).shelves, ALL)}
        assert found["offsite"].copy_of == found["local"].id
        assert len(distinct(reach(workspace), ALL)) == 1
