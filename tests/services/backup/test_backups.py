"""The first repository of a job that works takes the backup."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.estate import Estate, Ran, build_estate, password_of
from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.mounts import tmpfs
from tests.support.repositories import open_repository
from tui_backup.errors import (
    ConfigError,
    Corrupted,
    Locked,
    RepositoryMissing,
    SourceError,
    StoreFull,
    StoreUnavailable,
    WrongPassword,
)
from tui_backup.model.event import Progressed, Warned
from tui_backup.model.watch import Watch


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return build_estate(tmp_path)


def warnings(ran: Ran) -> list[str]:
    return [event.message for event in ran.events if isinstance(event, Warned)]


def assert_offsite_took_it(estate: Estate, ran: Ran) -> None:
    assert ran.started == ["local", "offsite"]
    assert ran.statuses == [("local", "failed"), ("offsite", "ok")]
    assert [snapshot.id for snapshot in estate.held("offsite")] == [ran.ended[1].snapshot]
    assert ran.outcome.finished == ran.ended[1]
    (warning,) = warnings(ran)
    assert warning.startswith("local cannot take the backup (")
    assert warning.endswith("; it goes to offsite instead")


def test_a_known_repository_that_is_missing_is_passed_over(estate: Estate) -> None:
    estate.run()
    estate.hide("local")
    ran = estate.run()
    assert ran.errors == [RepositoryMissing]
    assert ran.statuses == [("local", "failed"), ("offsite", "ok")]
    assert len(estate.held("offsite")) == 2


def test_another_repository_in_its_place_is_left_alone(estate: Estate, tmp_path: Path) -> None:
    other = build_estate(tmp_path / "other")
    estate.run()
    shutil.rmtree(estate.directory / "local")
    shutil.copytree(other.directory / "local", estate.directory / "local")
    ran = estate.run()
    assert ran.errors == [RepositoryMissing]
    assert other.restic("local").json("snapshots") == estate.restic("local").json("snapshots") == []


def test_a_wrong_password_passes_it_over(estate: Estate) -> None:
    (estate.directory / "local.key").write_text("another")
    ran = estate.run()
    assert_offsite_took_it(estate, ran)
    assert ran.errors == [WrongPassword]


def test_a_password_that_cannot_be_had_passes_it_over(estate: Estate) -> None:
    (estate.directory / "local.key").chmod(0o644)
    ran = estate.run()
    assert_offsite_took_it(estate, ran)
    assert ran.errors == [ConfigError]


def test_a_locked_repository_is_passed_over_and_catches_up_with_the_next_run(estate: Estate) -> None:
    with open_repository(estate.directory / "local", password_of("local")).access.exclusive(Watch()):
        ran = estate.run()
    assert_offsite_took_it(estate, ran)
    assert ran.errors == [Locked]
    estate.run()
    assert len(estate.held("local")) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(on="get", prefix="config", error=unavailable()), StoreUnavailable),
        (Fault(on="put", prefix="locks", error=unavailable()), StoreUnavailable),
        (Fault(on="put", prefix="data", error=unavailable()), StoreUnavailable),
        (Fault(on="put", prefix="snapshots", error=unavailable()), StoreUnavailable),
    ],
    ids=["opened", "locked", "filled", "recorded"],
)
def test_a_run_starts_over_in_the_next_wherever_the_store_fails(
    estate: Estate, fault: Fault, error: type[Exception]
) -> None:
    for number in range(20):
        (estate.source / f"file-{number}").write_text(str(number))
    ran = estate.run(local=FaultyStore(estate.store("local"), fault))
    assert_offsite_took_it(estate, ran)
    assert ran.errors == [error]
    assert (ran.ended[1].files_new, ran.ended[1].bytes_processed) == (21, 34)
    assert [event.files_done for event in ran.events if isinstance(event, Progressed)][-1] == 21
    assert estate.held("local") == []


def test_a_damaged_index_passes_it_over(estate: Estate) -> None:
    estate.run()
    (estate.source / "b").write_text("two")
    (index,) = (estate.directory / "local" / "index").iterdir()
    index.chmod(0o600)
    index.write_bytes(b"damaged" * 20)
    ran = estate.run()
    assert ran.errors[0] is Corrupted
    assert ran.statuses[-1] == ("offsite", "ok")


def test_nothing_to_back_up_is_no_fault_of_a_repository(estate: Estate) -> None:
    shutil.rmtree(estate.source)
    ran = estate.run()
    assert (ran.started, ran.statuses, ran.errors) == (["local"], [("local", "failed")], [SourceError])


def test_a_run_that_no_repository_takes_has_failed_in_each(estate: Estate) -> None:
    estate.run()
    estate.hide("local")
    (estate.directory / "offsite.key").write_text("another")
    ran = estate.run()
    assert ran.outcome.finished is None
    assert ran.statuses == [("local", "failed"), ("offsite", "failed")]
    assert ran.errors == [RepositoryMissing, WrongPassword]


def test_an_incomplete_backup_is_copied_and_stays_incomplete(estate: Estate) -> None:
    config = estate.directory / "config.toml"
    config.write_text(config.read_text().replace('["source"]', '["source", "gone"]'))
    ran = estate.run()
    assert ran.statuses == [("local", "incomplete"), ("offsite", "incomplete")]
    assert [snapshot.status for snapshot in estate.held("offsite")] == ["incomplete"]
    with estate.open() as workspace:
        assert workspace.history.last_success("site") is None


@pytest.mark.requires("tmpfs")
def test_a_full_disk_passes_the_backup_on(tmp_path: Path) -> None:
    estate = build_estate(tmp_path, ("offsite",))
    (estate.source / "large").write_bytes(os.urandom(3 << 20))
    with tmpfs(tmp_path / "local", size="1m"):
        local = build_estate(tmp_path / "local" / "there", ("local",)).store("local")
        config = (tmp_path / "config.toml").read_text().replace('["offsite"]', '["local", "offsite"]')
        text = f'[repositories.local]\nstore = {{ kind = "local", path = "{local.path}" }}\n'
        (tmp_path / "config.toml").write_text(config + text + f'password = "{password_of("local")}"\n')
        ran = estate.run()
        assert ran.errors == [StoreFull]
        assert ran.statuses == [("local", "failed"), ("offsite", "ok")]
    assert len(estate.held("offsite")) == 1
