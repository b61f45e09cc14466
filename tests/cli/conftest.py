"""What tests of the command line share: a way to call the program and read what it says."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.calling import Answer, Call
from tests.cli.site import Site, build_site
from tests.support.estate import Estate
from tui_backup.cli.main import run


@pytest.fixture(autouse=True)
def _keep_signals() -> Iterator[None]:
    kept = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)
    }
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TUI_BACKUP_CONFIG", "NO_COLOR", "TUI_BACKUP_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg-state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str) -> Answer:
        code = run(arguments)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call


class Pair(NamedTuple):
    """Two snapshots of one site, for tests that only look."""

    site: Site
    first: str
    second: str

    @property
    def inside(self) -> str:
        return self.site.inside

    def call(self, *arguments: str) -> Answer:
        return self.site.call(*arguments)

    def dump(self, snapshot: str, path: str) -> bytes:
        process = subprocess.run(
            [sys.executable, "-m", "tui_backup", "-c", str(self.site.config), "dump", snapshot, path],
            capture_output=True,
            check=True,
        )
        return process.stdout


@pytest.fixture(scope="session")
def built_pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    def program(*arguments: str) -> Answer:
        command = [sys.executable, "-m", "tui_backup", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)

    site = build_site(tmp_path_factory.mktemp("pair") / "site", program)
    for name in (b"caf\xe9", b"e\x1b[31mvil"):
        open(os.path.join(os.fsencode(site.source), name), "wb").close()
    (site.source / "link").symlink_to("a.txt")
    (site.source / "old").mkdir()
    (site.source / "old" / "b.txt").write_text("bee")
    first = site.back_up()
    shutil.rmtree(site.source / "old")
    (site.source / "new").write_text("new")
    (site.source / "a.txt").write_text("two!\n")
    return Pair(site, first, site.back_up())


@pytest.fixture
def pair(built_pair: Pair, call: Call) -> Pair:
    return built_pair._replace(site=built_pair.site._replace(program=call))


@pytest.fixture
def site(tmp_path: Path, call: Call) -> Site:
    return build_site(tmp_path / "site", call)


@pytest.fixture
def program(estate: Estate, call: Call) -> Call:
    """The program with the configuration of the estate that a module of tests builds."""

    def program(*arguments: str) -> Answer:
        return call("-c", str(estate.directory / "config.toml"), *arguments)

    return program
