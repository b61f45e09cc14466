"""Keys are found on the line on which they stand."""

import tomllib
from typing import Any

import pytest

from tui_backup.config.lines import Key, dotted, line_numbers

TEXT = '''# a comment with [brackets] and key = value
timezone = "UTC"  # "quoted" [comment]

[repositories.local]
store = { kind = "local", path = "a=b, [c]" }
password = { command = [
    "pass",  # not ] the end
    'show \\',
] }

[repositories."with.dot".store]
kind = "local"

[jobs.site]
text = """
[[not.a.header]]
key = "value" \\"""
"""""
literal = \'\'\'
x = '1'\'\'\'
repositories = ["local"]
nested = [[1, 2], [{ a = 1 }]]
retry.wait = 2020-01-01T00:00:00Z

[[jobs.site.sources]]
kind = "files"

[[jobs.site.sources]]
kind = "files"
paths = [
    "/a",
    "/b",
]
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("timezone",), 2),
        (("repositories", "local"), 4),
        (("repositories", "local", "store", "path"), 5),
        (("repositories", "local", "password"), 6),
        (("repositories", "local", "password", "command", 0), 7),
        (("repositories", "local", "password", "command", 1), 8),
        (("repositories", "with.dot", "store", "kind"), 12),
        (("jobs", "site"), 14),
        (("jobs", "site", "literal"), 19),
        (("jobs", "site", "repositories"), 21),
        (("jobs", "site", "nested", 1, 0, "a"), 22),
        (("jobs", "site", "retry", "wait"), 23),
        (("jobs", "site", "sources", 0), 25),
        (("jobs", "site", "sources", 0, "kind"), 26),
        (("jobs", "site", "sources", 1), 28),
        (("jobs", "site", "sources", 1, "paths", 1), 32),
    ],
)
def test_a_key_is_found_on_its_line(key: Key, line: int) -> None:
    assert line_numbers(TEXT)[key] == line


def test_every_value_of_a_text_is_found_and_nothing_else() -> None:
    assert set(line_numbers(TEXT)) == set(keys(tomllib.loads(TEXT)))


def test_line_ends_of_windows_count_once() -> None:
    assert line_numbers(TEXT.replace("\n", "\r\n")) == line_numbers(TEXT)


def keys(value: Any, way: Key = ()) -> list[Key]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [key for name, each in inner for key in [(*way, name), *keys(each, (*way, name))]]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ((), ""),
        (("jobs", "site", "sources", 0, "paths", 1), "jobs.site.sources[0].paths[1]"),
        (("jobs", "a.b", "keep"), 'jobs."a.b".keep'),
    ],
)
def test_a_key_is_shown_as_toml_writes_it(key: Key, shown: str) -> None:
    assert dotted(key) == shown
