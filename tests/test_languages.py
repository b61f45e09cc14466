"""The catalogue of Brazilian Portuguese is complete, and it is that of the source. `docs/languages.md` says how."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tui_backup.config.schema import TopTable
from tui_backup.primitives.i18n import LANGUAGES, LOCALES
from tui_backup.primitives.toml_comments import comments

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tui_backup"
MESSAGES = LOCALES / "pt_BR" / "LC_MESSAGES"
MARKS = {"_", "N_", "ngettext", "pgettext"}

Forms = tuple[str, ...]
"""The text, or its singular and plural."""


def forms(message: object) -> Forms:
    return tuple(message) if isinstance(message, tuple | list) else (str(message or ""),)


def catalogue(name: str) -> Catalog:
    with (MESSAGES / f"{name}.po").open("rb") as file:
        return read_po(file, locale="pt_BR", domain=name)


def texts(name: str) -> list[Message]:
    return [message for message in catalogue(name) if message.id]


def in_source() -> set[tuple[str | None, Forms]]:
    """What is marked, each with its plural if it has one anywhere, and the comments of the sample configuration."""
    marked = extract_from_dir(PACKAGE, method_map=[("**.py", "python")])
    found = {(context, forms(message)) for _file, _line, message, _comments, context in marked}
    found |= {(None, (comment,)) for comment in comments((ROOT / "sample_config.toml").read_text())}
    counted = {(context, message[:1]) for context, message in found if len(message) == 2}
    return found - counted


def fields(text: str) -> set[str]:
    return {
        f"{name}!{conversion}:{spec}" for _text, name, spec, conversion in Formatter().parse(text) if name is not None
    }


def test_every_text_of_the_source_is_in_the_catalogue_and_no_other() -> None:
    wanted, there = in_source(), {(message.context, forms(message.id)) for message in texts("tui_backup")}
    assert (sorted(map(repr, wanted - there)), sorted(map(repr, there - wanted))) == ([], [])


@pytest.mark.parametrize("name", ["tui_backup", "click"])
def test_every_text_is_translated(name: str) -> None:
    found = catalogue(name)
    assert [message.id for message in found if message.id and not all(forms(message.string))] == []
    assert [message.id for message in found if message.id and message.fuzzy] == []
    assert list(found.obsolete) == []
    assert found.num_plurals == 2


@pytest.mark.parametrize("name", ["tui_backup", "click"])
def test_a_translation_has_the_placeholders_of_its_text(name: str) -> None:
    wrong = []
    for message in texts(name):
        source, translated = forms(message.id), forms(message.string)
        one, many = fields(source[0]), fields(source[-1])
        singular = fields(translated[0])
        if fields(translated[-1]) != many or not one - {"count!None:"} <= singular <= one | many:
            wrong.append((source, translated))
    assert wrong == []


@pytest.mark.parametrize("name", ["tui_backup", "click"])
def test_a_translation_begins_and_ends_as_its_text(name: str) -> None:
    def ends(text: str) -> tuple[str, ...]:
        after = re.search(r"[.:…?!]?\s*$", text)
        before = re.match(r"\s*", text)
        assert after
        assert before
        return before[0], after[0].replace("…", "...")

    pairs = [(forms(message.id)[-1], forms(message.string)[-1]) for message in texts(name)]
    assert [pair for pair in pairs if ends(pair[0]) != ends(pair[1])] == []


@pytest.mark.parametrize("name", ["tui_backup", "click"])
def test_the_compiled_catalogue_is_that_of_the_text(name: str) -> None:
    with (MESSAGES / f"{name}.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in texts(name):
        source = forms(message.id)
        translated: Forms
        if len(source) == 2:
            translated = compiled.ngettext(*source, 1), compiled.ngettext(*source, 2)
        elif message.context:
            translated = (compiled.pgettext(message.context, source[0]),)
        else:
            translated = (compiled.gettext(source[0]),)
        assert translated == forms(message.string)
    entries = [key for key in vars(compiled)["_catalog"] if key]
    assert len(entries) == sum(len(forms(message.string)) for message in texts(name))


def test_digits_in_texts_follow_the_language() -> None:
    assert [message.id for message in texts("tui_backup") if any(":," in form for form in forms(message.id))] == []


def calls(module: Path) -> Iterator[tuple[ast.Call, bool]]:
    """Yield the texts that a module marks, and whether each is evaluated when the module is imported."""

    def walk(node: ast.AST, *, late: bool) -> Iterator[tuple[ast.Call, bool]]:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            yield node, not late
        inner: list[ast.AST] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = list(node.body)
        elif isinstance(node, ast.Lambda):
            inner = [node.body]
        for child in ast.iter_child_nodes(node):
            yield from walk(child, late=late or child in inner)

    yield from walk(ast.parse(module.read_text()), late=False)


def test_texts_are_whole() -> None:
    glued = [
        f"{module.relative_to(ROOT)}:{call.lineno}"
        for module in sorted(PACKAGE.rglob("*.py"))
        for call, _early in calls(module)
        if any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in call.args[:2])
    ]
    assert glued == []


def test_texts_are_marked_where_every_python_finds_them() -> None:
    hidden = [
        f"{module.relative_to(ROOT)}:{call.lineno}"
        for module in sorted(PACKAGE.rglob("*.py"))
        for written in ast.walk(ast.parse(module.read_text()))
        if isinstance(written, ast.JoinedStr)
        for call in ast.walk(written)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MARKS
    ]
    assert hidden == []  # pybabel looks into f-strings from Python 3.12 on only


def test_only_help_and_pages_are_put_into_words_when_they_are_imported() -> None:
    early = {
        str(module.relative_to(PACKAGE))
        for module in sorted(PACKAGE.rglob("*.py"))
        for call, is_early in calls(module)
        if is_early and isinstance(call.func, ast.Name) and call.func.id != "N_"
    }
    assert [name for name in early if not name.startswith(("cli/commands/", "cli/main.py", "tui/"))] == []


def test_the_configuration_knows_the_languages() -> None:
    hints = str(TopTable.__annotations__["language"])
    assert all(f"'{language}'" in hints for language in LANGUAGES)
    assert LANGUAGES[1:] == tuple(path.name for path in LOCALES.iterdir())
