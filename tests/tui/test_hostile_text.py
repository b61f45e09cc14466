"""Text from data is text, wherever it is shown: it is no markup, and a terminal does not obey it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widget import Widget

import tui_backup.tui
from tests.tui.conftest import settled
from tui_backup.tui.app import BackupApp
from tui_backup.tui.configuration.dialogs import NameDialog
from tui_backup.tui.dialogs.confirm import Confirm, Question
from tui_backup.tui.dialogs.dialog import Dialog
from tui_backup.tui.widgets.titles import entitle

HOSTILE = "[@click=app.bell]x[/] [/] \x1b[31m \u202e"
SHOWN = r"[@click=app.bell]x[/] [/] \x1b[31m \u202e"

TITLES = {"border_title", "border_subtitle", "tooltip"}
TAKES_MARKUP = {"Button", "Checkbox", "RadioButton", "Label", "Static", "Select", "Option"}


def _dialogs() -> dict[str, Dialog[Any]]:
    question = Question(
        title=HOSTILE, host=HOSTILE, target=HOSTILE, facts=[HOSTILE], warnings=[HOSTILE], undo=HOSTILE, word=HOSTILE
    )
    return {"confirm": Confirm(question), "name": NameDialog(HOSTILE, HOSTILE, [], HOSTILE)}


@pytest.mark.parametrize("name", ["confirm", "name"])
async def test_a_dialog_about_hostile_names_shows_them_as_they_are(app: BackupApp, name: str) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        app.push_screen(_dialogs()[name])
        await settled(pilot)
        drawn = "\n".join("".join(piece.text for piece in line) for line in app.screen._compositor.render_strips())
        assert SHOWN in drawn
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn


async def test_a_notice_about_hostile_names_shows_them_as_they_are(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        app.screen.notify(f"{HOSTILE}\nmore", title=HOSTILE)
        await settled(pilot)
        (notice,) = app._notifications
        assert (notice.title, notice.message, notice.markup) == (SHOWN, f"{SHOWN}\nmore", False)


async def test_a_pane_is_entitled_with_text(app: BackupApp) -> None:
    async with app.run_test() as pilot:
        await settled(pilot)
        pane = app.screen.query_one("#body", Widget)
        entitle(pane, title="[/] x", subtitle="[b]")
        assert pane._border_title is not None
        assert pane._border_title.plain == "[/] x"


def _is_plain(node: ast.expr) -> bool:
    """Whether this is a text of ours as it stands, or one in which markup means nothing."""
    match node:
        case ast.Constant():
            return True
        case ast.Call(func=ast.Name(id="_" | "pgettext" | "ngettext" | "Content")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="Content"))):
            return True
        case ast.IfExp(body=body, orelse=orelse):
            return _is_plain(body) and _is_plain(orelse)
    return False


def _suspects(tree: ast.AST) -> Iterator[ast.stmt | ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value) if name in TITLES:
                if not _is_plain(value):
                    yield node
            case ast.Call(func=ast.Name(id=name), args=[first, *_rest], keywords=words) if name in TAKES_MARKUP:
                if not _is_plain(first) and all(word.arg != "markup" for word in words):
                    yield node


def test_nothing_that_takes_markup_is_given_data() -> None:
    (room,) = tui_backup.tui.__path__
    found = [
        f"{path.relative_to(room)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted(Path(room).rglob("*.py"))
        for node in _suspects(ast.parse(path.read_text()))
    ]
    assert not found, "\n".join(found)
