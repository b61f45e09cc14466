"""The only module that writes stdout: tables, JSON documents, JSON lines, bytes."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import IO, Any, BinaryIO, Literal

import msgspec

from tui_backup.errors import BackupError
from tui_backup.primitives.clock import rfc3339
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.text import printable, replaced

GONE = {errno.EIO, errno.EBADF}
"""What writing to a terminal says that is no longer there."""

FOLDED = 24
"""Columns of the terminal that the last column of a table gets at least if it is that wide; longer text is folded."""

GAP = 2
"""Columns of the terminal between two of a table."""

Cell = str | bytes | int | None


class Column(msgspec.Struct, frozen=True):
    """How a column of a table looks."""

    title: str
    right: bool = False
    """Whether it lines up at its right edge."""
    spare: int = 0
    """Where a terminal is too narrow, columns go, those with the highest number first; 0 stays always."""


def plain(value: Any) -> Any:
    """Return a value as JSON takes it: structs as objects, times as RFC 3339 with `Z`, bytes as text.

    Bytes under a key that are not UTF-8 get U+FFFD, and a second key with `_b64` holds the bytes.
    """
    return _plain(msgspec.to_builtins(value, builtin_types=(datetime, bytes), str_keys=True))


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return _plain_object(value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case datetime():
            return rfc3339(value)
        case bytes():
            return replaced(value)[0]
        case str() if not value.isascii():
            return replaced(_raw(value))[0]
    return value


def _plain_object(fields: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, value in fields.items():
        shown[key] = _plain(value)
        if isinstance(value, str | bytes) and _lossy(value):
            shown[f"{key}_b64"] = _raw(value)
        elif isinstance(value, list | tuple) and any(isinstance(each, str | bytes) and _lossy(each) for each in value):
            shown[f"{key}_b64"] = [_raw(each) for each in value]
    return shown


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def _lossy(text: str | bytes) -> bool:
    return not (isinstance(text, str) and text.isascii()) and not replaced(_raw(text))[1]


def encode(value: Any) -> bytes:
    """Return a value as one line of JSON, without the line end."""
    return msgspec.json.encode(plain(value))


def write_document(value: Any) -> None:
    """Write one JSON document."""
    write_bytes(msgspec.json.format(encode(value)) + b"\n")


def write_line(value: Any) -> None:
    """Write one JSON object as a line, at once."""
    write_bytes(encode(value) + b"\n")
    flush()


def write_lines(values: Iterable[Any]) -> None:
    """Write JSON objects, one a line."""
    for value in values:
        write_bytes(encode(value) + b"\n")


def write_text(text: str) -> None:
    """Write a line of our own words; names from data in it must have been made printable."""
    write_bytes(text.encode("utf-8", "surrogateescape") + b"\n")


def write_bytes(content: bytes | memoryview) -> None:
    """Write bytes as they are; a terminal that is gone swallows them."""
    with writing():
        sys.stdout.buffer.write(content)


def binary() -> BinaryIO:
    """Return stdout for those who write many bytes at a time; only they write until they are done."""
    flush()
    return sys.stdout.buffer


def flush() -> None:
    """Hand everything written to whoever reads it."""
    with writing():
        sys.stdout.flush()


@contextmanager
def writing() -> Iterator[None]:
    """Say what is wrong with whoever takes stdout; a terminal that is gone swallows everything."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno in GONE:
            return
        raise BackupError(_("cannot write the output: {reason}").format(reason=reason_of(error))) from error


def end() -> None:
    """Flush for the last time; what cannot be written any more was complained of already."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        close_pipe()


def close_pipe() -> None:
    """Make the interpreter's last flush of a broken pipe silent."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table: drawn by rich on a terminal, otherwise columns lined up with spaces."""
    cells = [[_cell(value) for value in row] for row in rows]
    if fancy(sys.stdout):
        _draw_table(columns, cells)
        return
    table = [[column.title for column in columns], *cells]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns))]
    for row in table:
        parts = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        write_text("  ".join(parts).rstrip())


def _cell(value: Cell) -> str:
    return "-" if value is None or value in ("", b"") else printable(value if isinstance(value, bytes) else str(value))


def _draw_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout)
    contents = [[column.title, *(row[index] for row in rows)] for index, column in enumerate(columns)]
    widths = [max(map(cell_len, content)) for content in contents]
    shown, least = _fitting(columns, widths, console.width)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for index in shown:
        last, column = index == shown[-1], columns[index]
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(column.title, justify=justify, overflow="fold", min_width=None if last else widths[index])
    for row in rows:
        table.add_row(*(Text(row[index]) for index in shown))
    flush()
    console.print(table, width=max(console.width, least), crop=False, no_wrap=False)


def _fitting(columns: Sequence[Column], widths: Sequence[int], room: int) -> tuple[list[int], int]:
    """Return which columns are shown in a terminal `room` wide, and how wide they are at least."""
    shown = list(range(len(columns)))
    while True:
        *whole, last = [widths[index] for index in shown]
        least = sum(whole) + GAP * len(whole) + min(last, FOLDED)
        spare = max(shown, key=lambda index: columns[index].spare)
        if least <= room or not columns[spare].spare:
            return shown, least
        shown.remove(spare)


def fancy(stream: IO[str]) -> bool:
    """Whether a stream is a terminal that understands more than lines."""
    try:
        return stream.isatty() and os.environ.get("TERM") not in ("dumb", None)
    except ValueError:
        return False
