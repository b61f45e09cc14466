"""The desk: what pages are given, and how it is given back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import Queue

import pytest

from tests.support.estate import build_estate
from tests.tui.conftest import desk_of
from tui_backup.config.load import load_config
from tui_backup.model.watch import Watch
from tui_backup.services.questions import MOST_THREADS, Question
from tui_backup.services.workspace import Workspace
from tui_backup.stores.local import LocalStore
from tui_backup.tui.desk import Desk

SOON_S = 10.0


def test_nobody_waits_for_a_workspace_that_is_closed(site: Path) -> None:
    desk = desk_of(site)
    record = desk.workspace.history
    with record._database.reading():  # as a question does that takes long
        renewing = threading.Thread(
            target=desk.renew, args=(Workspace(load_config(str(site)), desk.bus),), daemon=True
        )  # fmt: skip
        renewing.start()
        renewing.join(SOON_S)
        assert not renewing.is_alive()
        assert not desk.questions.are_settled
    assert desk.questions.wait(SOON_S)
    assert not record.runs()
    desk.close()


@contextmanager
def hanging(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Have the store of a repository not answer, as on a server that has gone, until the block ends."""
    answering, get = threading.Event(), LocalStore.get

    def late(store: LocalStore, key: str, start: int = 0, length: int | None = None) -> bytes:
        if store.path.endswith(name):
            answering.wait()
        return get(store, key, start, length)

    monkeypatch.setattr(LocalStore, "get", late)
    try:
        yield
    finally:
        answering.set()


def counting(desk: Desk, name: str) -> Callable[[Watch], int]:
    def work(_watch: Watch) -> int:
        with desk.reading() as workspace:
            return len(list(workspace.repository(name).snapshots()))

    return work


@pytest.mark.parametrize("is_open", [False, True])
def test_a_repository_that_hangs_holds_up_no_reader_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_open: bool
) -> None:
    estate = build_estate(tmp_path)
    estate.run()
    desk, answers = desk_of(tmp_path / "config.toml"), Queue[Question[int]]()
    ask = partial(desk.questions.ask, answer=answers.put)
    if is_open:
        ask(counting(desk, "local"), about="local")
        assert answers.get(timeout=SOON_S).result == 1
    with hanging(monkeypatch, "offsite"):
        for _number in range(MOST_THREADS + 1):
            ask(counting(desk, "offsite"), about="offsite")
        ask(counting(desk, "local"), about="local")
        found = answers.get(timeout=SOON_S)
        assert (found.about, found.result) == ("local", 1)
        assert answers.empty()
    assert desk.questions.wait(SOON_S)
    desk.close()
