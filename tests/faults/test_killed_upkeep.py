"""SIGKILL at every store operation of a change of password, and of a change of tags."""

import subprocess
from pathlib import Path

import pytest

from tests.faults.conftest import assert_restic_finds_no_harm, copy_of, shape_of
from tests.support.killing import Moment
from tests.support.programs import Installation
from tests.support.repositories import open_repository
from tests.support.restic import Restic
from tests.support.victims import Doom, Remains, slay, slay_at_every
from tui_backup.errors import WrongPassword

pytestmark = pytest.mark.requires("restic")

OLD, NEW = "correct horse", "battery staple"
MOMENTS = [Moment.HALFWAY, Moment.AFTER]
"""Before an operation is after the one before."""


def opens(repository: Path, password: str) -> bool:
    try:
        open_repository(repository, password)
    except WrongPassword:
        return False
    return True


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_change_of_password_can_be_killed_anywhere(moment: Moment, backed_up: Installation, tmp_path: Path) -> None:
    seen: set[tuple[str, ...]] = set()

    def die(doom: Doom) -> Remains:
        installation = copy_of(backed_up, tmp_path / f"{doom.moment}-{doom.number}")
        (new := installation.directory / "new").write_text(NEW)
        call = ("key", "passwd", "--new-password-file", str(new), "--update-password-file")
        remains = slay(installation, doom, *call)
        configured = (installation.directory / "repository.key").read_text().strip()
        assert opens(installation.repository, configured), "the configuration works at any moment"
        left = (configured, *shape_of(installation.directory, installation.repository))
        if left not in seen:
            seen.add(left)
            report = Restic(installation.repository, configured).run("--no-lock", "check", "--read-data")
            assert "no errors were found" in report
            assert installation.call("tag", "latest", "add", "pin").code == 0
            assert installation.locks() == []
        return remains

    deaths = slay_at_every(moment, die)
    assert {each.last for each in deaths} >= {"put keys"}
    if moment is not Moment.HALFWAY:
        assert {each.last for each in deaths} >= {"delete keys"}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_change_of_tags_can_be_killed_anywhere(moment: Moment, backed_up: Installation, tmp_path: Path) -> None:
    seen: set[tuple[str, ...]] = set()

    def die(doom: Doom) -> Remains:
        installation = copy_of(backed_up, tmp_path / f"{doom.moment}-{doom.number}")
        (before,) = installation.snapshots()
        remains = slay(installation, doom, "tag", before["id"], "add", "pin")
        left = shape_of(installation.directory, installation.repository)
        if left in seen:
            return remains
        seen.add(left)
        there = {each["id"]: each for each in installation.snapshots()}
        assert {each["size"] for each in there.values()} == {before["size"]}
        assert_restic_finds_no_harm(installation)
        if before["id"] in there:
            assert installation.call("tag", before["id"], "add", "pin").code == 0
        (after,) = installation.snapshots()
        assert after["tags"] == [*before["tags"], "pin"]
        assert installation.locks() == []
        return remains

    deaths = slay_at_every(moment, die)
    assert {each.last for each in deaths} >= {"put snapshots"}


def test_of_two_who_change_a_password_at_once_one_succeeds(backed_up: Installation, tmp_path: Path) -> None:
    installation = copy_of(backed_up, tmp_path / "installation")
    calls: list[subprocess.Popen[str]] = []
    for number in range(2):
        (new := installation.directory / f"new-{number}").write_text(f"{NEW} {number}")
        calls.append(installation.start("key", "passwd", "--new-password-file", str(new)))
    codes = []
    for process in calls:
        with process:
            process.communicate(timeout=60)
        codes.append(process.returncode)
    opening = [opens(installation.repository, f"{NEW} {number}") for number in range(2)]
    assert opening == [code == 0 for code in codes]
    assert opens(installation.repository, OLD) == (not any(opening))
    assert sum(opening) <= 1
