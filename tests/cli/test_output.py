import base64
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from tests.cli.site import Site
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


@pytest.mark.parametrize("command", [["list"], ["dump", "latest", "a.txt"], ["dump", "latest", "."]])
def test_output_that_cannot_be_written_is_a_plain_error(site: Site, command: list[str]) -> None:
    site.back_up()
    command = [part if part not in {"a.txt", "."} else f"{site.source}/{part}" for part in command]
    program = [sys.executable, "-m", "tui_backup", "-c", str(site.config), *command]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "tui-backup: error: cannot write the output: No space left on device\n"


def test_a_run_goes_on_though_nobody_can_be_told(site: Site) -> None:
    program = [sys.executable, "-m", "tui_backup", "-c", str(site.config), "--json", "run", "site"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stderr)["message"] == "cannot write the output: No space left on device"
    (row,) = site.call("history", "--json").document
    assert row["status"] == "ok"
    log = site.directory / "state" / "log" / "tui-backup.log"
    assert not log.exists() or "Traceback" not in log.read_text()


def test_closed_streams_do_not_keep_a_backup_from_being_made(site: Site) -> None:
    program = f"{sys.executable} -m tui_backup -c {site.config} run site <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", program], check=False).returncode == 0
    assert len(site.call("list", "--json").document) == 1
