"""File names as text, in both directions."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from tui_backup.formats.restic.names import quote, unquote
from tui_backup.formats.restic.tree import Node, decode_tree, encode_tree


@given(name=some.binary(max_size=40))
@example(name=b"\xed\xa0\x80")
@example(name="\ufffd".encode())
@example(name=bytes(range(256)))
def test_any_bytes_come_back(name: bytes) -> None:
    assert unquote(quote(name)) == name


@given(name=some.text(max_size=20))
def test_any_text_comes_back(name: str) -> None:
    assert unquote(quote(name.encode())) == name.encode()


@given(name=some.binary(min_size=1, max_size=20))
def test_any_name_survives_the_json_of_a_tree(name: bytes) -> None:
    (node,) = decode_tree(encode_tree([Node(name=quote(name), type="fifo")]))
    assert unquote(node.name) == name


@given(name=some.binary(max_size=40))
def test_what_is_written_can_be_shown_on_a_terminal(name: bytes) -> None:
    assert quote(name).isprintable()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r"\a\b\f\n\r\t\v", b"\a\b\f\n\r\t\v"),
        (r"\\\"", b'\\"'),
        (r"\x00\xff\xFE", b"\x00\xff\xfe"),
        (r"\u00e9\u2028\u200B", "é\u2028\u200b".encode()),
        (r"\U0001f600", "😀".encode()),
        (r"\101\377", b"A\xff"),
        (r"a\x2fb", b"a/b"),
        ("\x01\x1b[31m\x7f", b"\x01\x1b[31m\x7f"),
        ("zero\u200bwidth\u00a0blank", "zero\u200bwidth\u00a0blank".encode()),
        ("\ufffd", b"\xef\xbf\xbd"),
        (r"\xc3\xa9", "é".encode()),
        (r"\\n", rb"\n"),
        ("", b""),
    ],
)
def test_every_escape_of_go_is_understood_and_raw_characters_too(text: str, name: bytes) -> None:
    assert unquote(text) == name


@pytest.mark.parametrize(
    "text", [r"\s", "\\", r"\x4", r"\xzz", r"\u123", r"\U12345678", r"\ud800", r"\400", r"\8", r"\0", "\\\n", r"a\x"]
)
def test_an_escape_that_go_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unknown escape"):
        unquote(text)
