"""Lists and tables as somebody edits them: shown, given back, and not understood."""

import tomllib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui_backup.config.texts import (
    commands_given,
    commands_shown,
    commands_trouble,
    schedules_given,
    schedules_shown,
    toml_given,
    toml_shown,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ARGVS = st.lists(TEXTS, min_size=1, max_size=4)
COMMANDS = st.lists(
    ARGVS | st.fixed_dictionaries({"command": ARGVS, "timeout": st.sampled_from(["5m", "90s"])}), min_size=1, max_size=4
)
AT = st.sampled_from(["0 2 * * *", "@daily", "*/15 8-18 * * mon-fri", "30 1 1,15 * *"])
LABELS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True)
SCHEDULES = AT | st.lists(
    AT | st.fixed_dictionaries({"at": AT}) | st.fixed_dictionaries({"at": AT, "label": LABELS}),
    min_size=1,
    max_size=4,
    unique_by=lambda each: schedules_shown([each]),
)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(COMMANDS)
def test_commands_are_given_back_as_they_were_shown(commands: list[Any]) -> None:
    shown = commands_shown(commands)
    assert len(shown.split("\n")) == len(commands)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert commands_given(shown) == commands


@given(SCHEDULES)
def test_schedules_are_given_back_as_they_were_shown(schedules: Any) -> None:
    assert schedules_given(schedules_shown(schedules), schedules) == schedules


@given(VALUES)
@example("\x80")
@example("a\nb")
def test_values_are_given_back_as_they_were_shown_in_toml(value: Any) -> None:
    shown = toml_shown(value)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert toml_given(shown) == value


@given(TEXTS)
def test_a_text_is_itself_or_the_value_that_it_is_in_toml(text: str) -> None:
    value = toml_given(text)
    try:
        assert tomllib.loads(f"value = {text.strip()}") == {"value": value}
    except tomllib.TOMLDecodeError:
        assert value == (text if text.strip() else None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0 2 * * *", "0 2 * * *"),
        ("  @daily ", "@daily"),
        ("@daily nightly", [{"at": "@daily", "label": "nightly"}]),
        (
            "0 2 * * *   nightly\n\n0 3 * * 0",
            [{"at": "0 2 * * *", "label": "nightly"}, {"at": "0 3 * * 0"}],
        ),
        ('[{ at = "0 2 * * *", label = "x" }]', [{"at": "0 2 * * *", "label": "x"}]),
        ("every night", "every night"),
        (" \n", None),
    ],
)
def test_what_somebody_means_by_schedules(text: str, value: Any) -> None:
    assert schedules_given(text) == value


def test_a_schedule_that_is_added_changes_no_other() -> None:
    former = ["0 2 * * *", {"label": "weekly", "at": "0 3 * * 0"}]
    text = schedules_shown(former) + "\n@monthly  monthly"
    assert schedules_given(text, former) == [*former, {"at": "@monthly", "label": "monthly"}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("/usr/bin/flush --all", [["/usr/bin/flush", "--all"]]),
        ("\"/opt/my app/x\" 'a b'", [["/opt/my app/x", "a b"]]),
        ('{ command = ["x"], timeout = "5m" }', [{"command": ["x"], "timeout": "5m"}]),
        ('[["x", "y"], ["z"]]\nw', [["x", "y"], ["z"], ["w"]]),
        ("", None),
    ],
)
def test_what_somebody_means_by_commands(text: str, value: Any) -> None:
    assert commands_given(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [("x\n'y", "line 2: a quotation mark"), ("{ command", "line 1 is not valid TOML"), ("[ -e /x ]", "line 1 is not")],
)
def test_what_makes_no_sense_as_commands_stays_a_text_and_is_told(text: str, words: str) -> None:
    assert commands_given(text) == text
    assert commands_shown(text) == text
    assert words in commands_trouble(text)


def test_a_long_list_has_one_a_line() -> None:
    value = ["systemd:whatsapp.service", {"stop": ["/usr/bin/app", "stop"], "start": ["/usr/bin/app", "start"]}]
    assert toml_shown(value).split("\n")[1] == '  "systemd:whatsapp.service",'
    assert toml_given(toml_shown(value)) == value


@pytest.mark.parametrize("text", ["{ attempts = ", "3\nother = 4", "x = 1", "[" * 5000])
def test_what_is_no_toml_stays_a_text(text: str) -> None:
    assert toml_given(text) == text
    assert toml_shown(text) == text
