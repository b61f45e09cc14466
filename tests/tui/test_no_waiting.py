"""The thread of the UI never touches disk, network or database: a disk that stalls must not freeze what is shown."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

import tui_backup
from tests.tui.conftest import at, desk_of, settled
from tests.tui.test_schedules import scheduled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.places import (
    AuditTrail,
    Configuration,
    Damage,
    Dashboard,
    Finder,
    History,
    Keys,
    Locks,
    Place,
    Problems,
    Prune,
    Restore,
    RunLog,
    Snapshots,
    Themes,
    UndoRestore,
    Verify,
    Versions,
)

WATCHED = ("open", "os.", "pathlib.", "shutil.", "socket.", "sqlite3.", "subprocess.", "fcntl.", "tempfile.", "glob.")
HARMLESS = frozenset({"os.putenv", "os.unsetenv", "socket.gethostname", "socket.__new__"})
UNHEARD = ("access", "lstat", "readlink", "stat", "statvfs")
"""What the interpreter tells no hook of."""
OURS = f"{os.path.dirname(tui_backup.__file__)}/"
"""Modules are imported late, style sheets and translations read late."""

_listeners = list[list[str]]()
"""Who is told what this thread touches: hooks know nobody."""


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if not _listeners or threading.current_thread() is not threading.main_thread():
        return
    if not event.startswith(WATCHED) or event in HARMLESS or _is_ours(str(arguments[0])):
        return
    frame: FrameType | None = sys._getframe(1)
    ours: list[str] = []
    while frame is not None:
        name = frame.f_code.co_filename
        if "importlib" in name and not ours:
            return
        if name.startswith(OURS):
            ours.append(f"{name.removeprefix(OURS)}:{frame.f_lineno}")
        frame = frame.f_back
    if ours:
        _listeners[-1].append(f"{event} {arguments!r} by {' < '.join(ours)}")


def _is_ours(path: str) -> bool:
    return path.startswith(OURS) or OURS.startswith(f"{path}/")


@pytest.fixture(scope="module", autouse=True)
def _listening() -> None:
    """A hook stays until the interpreter ends."""
    sys.addaudithook(_hear)


@pytest.fixture(autouse=True)
def _listening_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in UNHEARD:
        monkeypatch.setattr(os, name, _telling(name, getattr(os, name)))


def _telling(name: str, do: Callable[..., object]) -> Callable[..., object]:
    def told(*arguments: object, **named: object) -> object:
        _hear(f"os.{name}", arguments)
        return do(*arguments, **named)

    return told


@contextmanager
def nothing_touched() -> Iterator[None]:
    """Fail where this thread touches something meanwhile."""
    found = list[str]()
    _listeners.append(found)
    try:
        yield
    finally:
        _listeners.pop()
    assert not found, "\n".join(found)


PLACES: dict[str, tuple[Place, str]] = {
    "dashboard": (Dashboard(), "down up 2 l escape z s ctrl+p escape question_mark escape c escape"),
    "problems": (Problems(), "down enter escape"),
    "restore": (Restore(), "enter enter left left right enter R escape escape escape escape"),
    "restore in place": (Restore(job="site"), "enter enter right right enter R escape p y c escape"),
    "undo": (UndoRestore(), "down up"),
    "prune": (Prune(), "down f P escape T escape X escape r right_square_bracket"),
    "verify": (Verify(), "down right_square_bracket V escape r"),
    "damage": (Damage(repository="offsite"), "down c escape r"),
    "locks": (Locks(), "r F escape U escape"),
    "keys": (Keys(), "A escape P escape D r"),
    "history": (History(), "down slash s i enter enter escape"),
    "audit": (AuditTrail(), "down r V escape"),
    "configuration": (Configuration(job="site"), "tab tab x ctrl+s escape T f2 f2 escape q l"),
    "configuration file": (Configuration(as_text=True), "down x ctrl+s escape f2"),
    "themes": (Themes(), "down up enter"),
    "snapshots": (Snapshots(), "down enter escape"),
    "finder": (Finder(job="site"), "i n d enter"),
    "versions": (Versions(path=b"/srv/site/index.html", job="site"), "space down space d escape enter escape"),
    "run log": (RunLog(run="20261121T175801Z-00000009"), "down slash escape x"),
}


@pytest.mark.parametrize("name", PLACES)
async def test_the_thread_of_the_ui_waits_for_no_disk(app: BackupApp, name: str) -> None:
    place, keys = PLACES[name]
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        with nothing_touched():
            await at(pilot, place)
            for key in keys.split():
                await pilot.press(key)
                await settled(pilot)


async def test_nor_does_it_for_schedules(site: Path) -> None:
    scheduled(site)
    keys = "s down slash a escape y c escape D escape D right enter D e"
    app = BackupApp(desk_of(site))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        with nothing_touched():
            for key in keys.split():
                await pilot.press(key)
                await settled(pilot)
    assert not app.desk.runs_due
    app.desk.close()


def test_what_touches_the_disk_is_noticed(app: BackupApp) -> None:
    with pytest.raises(AssertionError, match=r"sqlite3\.connect.* by "), nothing_touched():
        _ = app.desk.workspace.history
