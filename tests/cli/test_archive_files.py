"""Archives that are named by their path, without any configuration; and archives of a repository by their names."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calling import Answer
from tests.support.estate import Estate, build_estate

KEY = "0123456789abcdef0123456789abcdef"
AT_HOME = """\
import os
from tui_backup.cli.main import main
from tui_backup.services.setup import making as setup
setup.SYSTEM_CONFIG = os.path.expanduser("~/.config/tui-backup/config.toml")
main()
"""
"""Keeps root's state out of /var/lib."""
Program = Callable[..., Answer]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """Archives of one job in two repositories, of which one is sealed."""
    archives = {"gz": "tar.gz", "sealed": "tar.zst"}
    estate = build_estate(tmp_path_factory.mktemp("archives") / "estate", ("gz", "sealed"), archives=archives)
    config = estate.directory / "config.toml"
    sealed = 'format = "tar.zst"\n'
    config.write_text(config.read_text().replace(sealed, f'{sealed}encryption_key = "{KEY}"\n'))
    (estate.source / "b").write_text("two\n")
    assert estate.run().errors == []
    return estate


def path_of(estate: Estate, name: str) -> str:
    (snapshot,) = estate.held(name)
    return str(estate.directory / name / snapshot.id)


@pytest.fixture
def bare(tmp_path: Path) -> Program:
    """The program without a configuration, at home in an empty directory."""
    (tmp_path / "home").mkdir()

    def program(*arguments: str, **variables: str) -> Answer:
        known = {name: value for name, value in os.environ.items() if not name.startswith(("BACKUP_", "TUI_BACKUP_"))}
        home = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-c", AT_HOME, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env={**known, **home, **variables},
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)

    return program


def test_an_archive_is_restored_without_a_configuration(estate: Estate, bare: Program, tmp_path: Path) -> None:
    answer = bare("--json", "restore", path_of(estate, "gz"), "--target", str(tmp_path / "out"))
    assert (answer.code, answer.lines[-1]["written"] > 0) == (0, True), answer.err
    assert (tmp_path / "out" / str(estate.source)[1:] / "b").read_text() == "two\n"
    history = bare("--json", "history").document
    assert [(each["verb"], each["status"]) for each in history] == [("restore", "ok")]
    assert (tmp_path / "home" / ".local" / "state" / "tui-backup").is_dir()


def test_a_restore_in_place_can_be_undone(tmp_path: Path, bare: Program) -> None:
    estate = build_estate(tmp_path / "estate", ("gz",), archives={"gz": "tar.gz"})
    estate.run()
    (estate.source / "a").write_text("changed")
    assert bare("restore", path_of(estate, "gz"), "--in-place", "--yes").code == 0
    assert (estate.source / "a").read_text() == "one\n"
    assert bare("undo-restore", "--yes").code == 0
    assert (estate.source / "a").read_text() == "changed"


def test_without_a_configuration_and_archives_there_is_no_record(bare: Program, tmp_path: Path) -> None:
    for command in ("history", "runs", "undo-restore", "audit"):
        answer = bare(command)
        assert (answer.code, "no configuration found" in answer.err) == (2, True)
    assert os.listdir(tmp_path / "home") == []


def test_it_is_looked_into_as_any_snapshot(estate: Estate, bare: Program, tmp_path: Path) -> None:
    archive, file = path_of(estate, "gz"), f"{estate.source}/b"
    assert bare("ls", archive, str(estate.source)).out.splitlines() == [f"{estate.source}/a", file]
    assert bare("dump", archive, file).out == "two\n"
    assert file in bare("find", "b", "--snapshot", archive).out
    assert bare("diff", archive, archive).out == ""
    proof = bare("--json", "verify", archive, "--read-data").document
    assert (proof["problems"], proof["checked"]["snapshots"]) == ([], 1)
    assert bare("export", archive, "-o", str(tmp_path / "out.tar.gz")).code == 0
    assert (tmp_path / "out.tar.gz").read_bytes() == Path(archive).read_bytes()


def test_a_sealed_one_needs_its_key(estate: Estate, bare: Program, tmp_path: Path) -> None:
    archive = path_of(estate, "sealed")
    without = bare("ls", archive)
    assert (without.code, "BACKUP_ENCRYPTION_KEY" in without.err) == (12, True)
    for wrong in (KEY[::-1], "short"):
        answer = bare("restore", archive, "--target", str(tmp_path / "out"), BACKUP_ENCRYPTION_KEY=wrong)
        assert answer.code == 12
        assert wrong not in answer.err
    assert not (tmp_path / "out").exists()
    assert bare("dump", archive, f"{estate.source}/b", BACKUP_ENCRYPTION_KEY=KEY).out == "two\n"


def test_it_is_not_trusted(tmp_path: Path, bare: Program) -> None:
    estate = build_estate(tmp_path / "estate", ("gz",), archives={"gz": "tar.gz"})
    (estate.source / "a").chmod(0o4755)
    estate.run()
    for words, mode in (((), 0o755), (("--trust",), 0o4755)):
        target = tmp_path / f"out{len(words)}"
        assert bare("restore", path_of(estate, "gz"), "--target", str(target), *words).code == 0
        assert (target / str(estate.source)[1:] / "a").stat().st_mode & 0o7777 == mode


def test_what_is_no_archive_is_named(tmp_path: Path, bare: Program) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04")
    answer = bare("restore", "./notes.txt", "--target", "out")
    assert (answer.code, "no archive" in answer.err) == (2, True)
    assert bare("ls", "./cut.zip").code == 1
    missing = bare("ls", "./gone.tar.gz")
    assert (missing.code, "no configuration found" in missing.err) == (2, True)


def test_the_archive_of_another_program_is_restored(tmp_path: Path, bare: Program) -> None:
    with zipfile.ZipFile(tmp_path / "theirs.zip", "w") as archive:
        archive.writestr("static/css/style.css", "body {}")
    assert bare("restore", "theirs.zip", "--target", "out").code == 0
    assert (tmp_path / "out" / "static" / "css" / "style.css").read_text() == "body {}"


def test_nothing_of_it_is_taken_for_a_repository(estate: Estate, bare: Program) -> None:
    config = str(estate.directory / "config.toml")
    before = bare("-c", config, "--json", "list").document
    assert bare("-c", config, "ls", path_of(estate, "gz")).code == 0
    assert bare("-c", config, "verify", path_of(estate, "gz"), "--read-data").code == 0
    assert bare("-c", config, "--json", "list").document == before
    assert bare("-c", config, "diff", path_of(estate, "gz"), "latest").code == 0


def test_archives_of_a_repository_are_found_by_name(estate: Estate, bare: Program) -> None:
    config = str(estate.directory / "config.toml")
    name = os.path.basename(path_of(estate, "gz"))
    for given in (name, name.removesuffix(".tar.gz")):
        assert bare("-c", config, "ls", given, "-r", "gz", str(estate.source)).code == 0
    answer = bare("-c", config, "ls", name[:-8])
    assert (answer.code, name in answer.err) == (1, True)
