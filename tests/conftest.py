"""What all tests share: real components where they are, and nothing of the developer's own machine."""

import compileall
import gc
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import WorkStealingScheduling

from tests.support.components import COMPONENTS
from tui_backup.__main__ import YOUNG
from tui_backup.formats.archive import seal
from tui_backup.formats.restic import keys
from tui_backup.primitives import i18n, redaction

pytest_plugins = ["tests.support.servers.fixtures"]

_LONGEST_ID = 200

_DOUBLED_UP_TO = 8
"""Processes, each of which takes half a gigabyte."""

_TESTS = Path(__file__).parent
_STARTED = (_TESTS.parent / "tui_backup", _TESTS / "support")
"""What processes of the tests import, some of which are started a thousand times."""

_REQUIRED = frozenset(filter(None, os.environ.get("TUI_BACKUP_REQUIRE", "").split(",")))

_PROCESSES = ("faults/", "cli/test_clocks.py")
"""Where the tests are whose marker is `processes`."""

_FOREIGN = ("AWS_", "BACKUP_", "BORG_", "DATABASE_URL", "RESTIC_", "TUI_BACKUP_", "XDG_")
_KEPT = frozenset({"TUI_BACKUP_REQUIRE", "TUI_BACKUP_RESTIC"})

_COSTS = ((keys, "_COST", keys._COST), (seal, "_COST_LOG", seal._COST_LOG))
"""What scrypt is asked for, and by whom."""

gc.set_threshold(YOUNG)
for module, name, _real in _COSTS:
    setattr(module, name, 2)

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    unknown = _REQUIRED - COMPONENTS.keys()
    if unknown:
        raise pytest.UsageError(f"TUI_BACKUP_REQUIRE: no such component: {', '.join(sorted(unknown))}")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        _compile()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` means: many tests wait for other programs, or for a UI to come to rest."""
    cores = len(os.sched_getaffinity(0))
    return max(cores, min(2 * cores, _DOUBLED_UP_TO))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WorkStealingScheduling:
    """Have a process keep what lies side by side, so that fixtures of a module are made once, and share at the end."""
    return WorkStealingScheduling(config, log)


def _compile() -> None:
    """Compile once what each process would compile by itself where PYTHONDONTWRITEBYTECODE is set."""
    for directory in _STARTED:
        compileall.compile_dir(directory, quiet=2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(_TESTS).as_posix().startswith(_PROCESSES):
            item.add_marker(pytest.mark.processes)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name what is long by its length: every process keeps all ids, and those of megabytes filled the memory."""
    return f"{argname} of {len(val)}" if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("requires"):
        for component in marker.args:
            if COMPONENTS[component]():
                continue
            if component in _REQUIRED:
                pytest.fail(f"{component} is required and not here", pytrace=False)
            pytest.skip(f"needs {component}")


@pytest.fixture
def real_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what keys cost: in all others a password is tried at once. Processes of their own know no other."""
    for module, name, real in _COSTS:
        monkeypatch.setattr(module, name, real)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, and an environment in which nobody has configured anything."""
    for name in os.environ:
        if name.startswith(_FOREIGN) and name not in _KEPT:
            monkeypatch.delenv(name)
    directory = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANGUAGE", "C")
    monkeypatch.setattr(redaction, "_known", ())
    i18n.use(None)
    return directory
