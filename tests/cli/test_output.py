import base64
import json
from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from tui_backup.cli.output import Column, encode, write_document, write_table


class Row(msgspec.Struct):
    path: bytes
    paths: tuple[bytes, ...] = ()


def test_a_path_that_is_not_text_keeps_its_bytes_beside() -> None:
    shown = json.loads(encode(Row(b"/srv/caf\xe9", (b"/a", b"/\xff"))))
    assert shown["path"] == "/srv/caf\ufffd"
    assert base64.b64decode(shown["path_b64"]) == b"/srv/caf\xe9"
    assert [base64.b64decode(each) for each in shown["paths_b64"]] == [b"/a", b"/\xff"]


def test_a_path_that_is_text_stands_alone() -> None:
    assert json.loads(encode(Row("/srv/café".encode()))) == {"path": "/srv/café", "paths": []}


def test_a_string_with_stray_bytes_is_json_too() -> None:
    assert json.loads(encode({"name": "caf\udce9"}))["name"] == "caf\ufffd"


def test_times_are_utc_with_z() -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=-3)))
    assert json.loads(encode({"time": time})) == {"time": "2026-01-02T06:04:05.678Z"}


def test_a_document_is_for_reading(capsys: pytest.CaptureFixture[str]) -> None:
    write_document([{"a": 1}])
    assert json.loads(capsys.readouterr().out) == [{"a": 1}]


def test_a_table_lines_up_and_lets_nothing_through(capsys: pytest.CaptureFixture[str]) -> None:
    write_table([Column("NAME"), Column("SIZE", right=True)], [(b"\x1b[31mred", 5), ("plain", None)])
    assert capsys.readouterr().out.splitlines() == [r"NAME         SIZE", r"\x1b[31mred     5", r"plain           -"]
