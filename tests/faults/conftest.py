"""What a killed program leaves behind, prepared once and copied for every death."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.damage import Specimen, make_specimen
from tests.support.programs import Installation, cheapen, install
from tests.support.restic import Restic
from tests.support.trees import write_tree

FILES = 300
"""Enough for two readers in a backup, and for three batches in a restore."""


@pytest.fixture(scope="package")
def small_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files enough to keep all workers busy, and few bytes."""
    content = {f"directory-{n % 2}/file-{n}": b"%d " % n * (n % 50) for n in range(FILES)}
    return write_tree(tmp_path_factory.mktemp("small") / "source", content)


@pytest.fixture(scope="package")
def backed_up(small_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation with one snapshot, to be copied."""
    made = install(tmp_path_factory.mktemp("base") / "installation", small_source)
    made.back_up()
    cheapen(made)
    return made


def few_files(directory: Path) -> Installation:
    """Make an installation with one snapshot of four files."""
    files = {f"a/file-{number}": b"content" * 100 * number for number in range(4)}
    made = install(directory / "installation", write_tree(directory / "source", files))
    made.back_up()
    cheapen(made)
    return made


def copy_of(installation: Installation, directory: Path, source: Path | None = None) -> Installation:
    """Copy repository and state of an installation to a directory that does not exist."""
    directory.mkdir()
    shutil.copytree(installation.repository, directory / "repository")
    shutil.copytree(installation.state, directory / "state")
    return install(directory, source or installation.source)


@pytest.fixture(scope="package")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """A small repository in memory."""
    return make_specimen(tmp_path_factory.mktemp("specimen"))


def assert_restic_finds_no_harm(installation: Installation) -> None:
    """Let restic unlock and check a copy of what a dead program has left."""
    left = installation.directory / "left"
    shutil.copytree(installation.repository, left)
    restic = Restic(left)
    restic.run("unlock")
    restic.check()


def shape_of(directory: Path, *places: Path) -> tuple[str, ...]:
    """Return the files in some directories, with a mark in the place of what is random in their names."""
    paths = [path for place in places for path in place.rglob("*") if not path.is_dir()]
    return tuple(sorted(re.sub(r"[0-9a-f]{2,}", "#", str(path.relative_to(directory))) for path in paths))
