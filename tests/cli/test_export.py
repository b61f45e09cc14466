"""`export`: plain archives of snapshots, whole or in part."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.cli.calling import Call
from tests.support.estate import Estate, build_estate

PROGRAM = [sys.executable, "-m", "tui_backup"]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path / "estate", ("local",))
    (estate.source / "deep").mkdir()
    (estate.source / "deep" / "b").write_text("two\n")
    (estate.source / "deep" / "c.log").write_text("three\n")
    estate.run()
    return estate


def names_in(archive: tarfile.TarFile, estate: Estate) -> list[str]:
    """Return the members below the source."""
    return [
        os.path.relpath(f"/{member.name}", estate.source)
        for member in archive
        if f"/{member.name}".startswith(str(estate.source))
    ]


def left(estate: Estate) -> list[str]:
    """Return what lies in the directory for exports."""
    return sorted(os.listdir(estate.directory / "out"))


@pytest.fixture(autouse=True)
def out(estate: Estate) -> Path:
    (estate.directory / "out").mkdir()
    return estate.directory / "out"


@pytest.mark.parametrize("format_", ["tar", "tar.gz", "tar.zst", "zip"])
def test_a_snapshot_becomes_an_archive_that_others_open(estate: Estate, program: Call, out: Path, format_: str) -> None:
    answer = program("--json", "export", "latest", "-o", str(out / f"site.{format_}"))
    assert (answer.code, answer.err) == (0, "")
    (step,) = answer.document["done"]
    assert (step["what"], step["format"], step["file"]) == ("archive", format_, str(out / f"site.{format_}"))
    assert step["bytes"] == (out / f"site.{format_}").stat().st_size
    assert (out / f"site.{format_}").stat().st_mode & 0o777 == 0o600
    (out / "x").mkdir()
    if format_ == "zip":
        zipfile.ZipFile(out / "site.zip").extractall(out / "x")
    else:
        subprocess.run(["tar", "-xf", f"site.{format_}", "-C", "x"], cwd=out, check=True)
    inside = out / "x" / str(estate.source).lstrip("/")
    assert (inside / "deep" / "b").read_text() == "two\n"
    assert (inside / "a").read_text() == "one\n"


def test_it_goes_to_a_pipe(estate: Estate, program: Call, out: Path) -> None:
    with (out / "pipe").open("wb") as pipe:
        command = [*PROGRAM, "--config", str(estate.directory / "config.toml"), "download", "latest"]
        done = subprocess.run([*command, "--format", "tar", "-o", "-"], stdout=pipe, stderr=subprocess.PIPE, check=True)
    with tarfile.open(out / "pipe") as archive:
        assert names_in(archive, estate) == [".", "a", "deep", "deep/b", "deep/c.log"]
    assert b"3 files, " in done.stderr


def test_what_is_named_is_exported_and_patterns_leave_out(estate: Estate, program: Call, out: Path) -> None:
    assert (
        program("export", "latest", f"{estate.source}/deep", "--exclude", "*.log", "-o", str(out / "x.tar")).code == 0
    )
    with tarfile.open(out / "x.tar") as archive:
        assert names_in(archive, estate) == [".", "deep", "deep/b"]
    missing = program("export", "latest", "/nowhere", "-o", str(out / "y.tar"))
    assert missing.code == 1
    assert left(estate) == ["x.tar"]


def test_nothing_is_replaced_unless_somebody_agrees(estate: Estate, program: Call, out: Path) -> None:
    (out / "site.tar.gz").write_text("mine")
    answer = program("export", "latest", "-o", str(out / "site.tar.gz"))
    assert (answer.code, (out / "site.tar.gz").read_text()) == (2, "mine")
    assert "exists; nothing was written" in answer.err
    assert program("export", "latest", "-o", str(out / "site.tar.gz"), "--yes").code == 0
    assert (out / "site.tar.gz").read_bytes()[:2] == b"\x1f\x8b"
    assert left(estate) == ["site.tar.gz"]


def test_a_dry_run_writes_nothing(estate: Estate, program: Call, out: Path) -> None:
    answer = program("--json", "export", "latest", "-o", str(out / "x.zip"), "--dry-run")
    assert (answer.code, answer.document["done"][0]["bytes"], left(estate)) == (0, 14, [])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("-o", "out/site"), "does not tell the format"),
        (("-o", "-"), "say what to write to standard output"),
        (("-o", "nowhere/x.zip"), "there is no directory"),
        (("-o", "out", "--format", "zip"), "is no file"),
        (("--json", "-o", "-", "--format", "zip"), "cannot both go to standard output"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    estate: Estate, program: Call, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], complaint: str
) -> None:
    monkeypatch.chdir(estate.directory)
    answer = program("export", "latest", *arguments)
    assert answer.code == 2
    assert complaint in answer.err
    assert left(estate) == []


def test_what_cannot_be_read_is_named_and_the_rest_is_there(estate: Estate, program: Call, out: Path) -> None:
    (snapshot,) = estate.held("local")
    estate.spoil("local", snapshot, os.fsencode(estate.source / "deep" / "b"))
    answer = program("--json", "export", "latest", "-o", str(out / "x.tar"))
    assert answer.code == 3
    (problem,) = answer.document["problems"]
    assert problem["object"] == f"{estate.source}/deep/b"
    with tarfile.open(out / "x.tar") as archive:
        assert names_in(archive, estate) == [".", "a", "deep", "deep/c.log"]
    history = program("--json", "history", "--limit", "1").document[0]
    assert (history["verb"], history["status"], history["repository"]) == ("export", "incomplete", "local")


def test_the_audit_has_who_took_what(estate: Estate, program: Call, out: Path) -> None:
    program("export", "latest", "-o", str(out / "x.tar"))
    told = [record for record in program("--json", "audit").lines if record["verb"] == "export"]
    assert told
    assert str(out / "x.tar") in told[0]["detail"]


def test_one_that_is_cut_off_leaves_nothing(estate: Estate, program: Call, out: Path) -> None:
    (estate.source / "large").write_bytes(os.urandom(8 << 20))
    estate.run()
    limited = ["bash", "-c", 'ulimit -f 4000; exec "$@"', "-", *PROGRAM, "--config"]
    command = [*limited, str(estate.directory / "config.toml"), "export", "latest", "-o", str(out / "x.tar")]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert done.returncode == 1
    assert b"cannot write" in done.stderr
    assert left(estate) == []


def test_hard_links_stay_links(estate: Estate, program: Call, out: Path) -> None:
    os.link(estate.source / "a", estate.source / "z")
    estate.run()
    assert program("export", "latest", "-o", str(out / "x.tar")).code == 0
    with tarfile.open(out / "x.tar") as archive:
        assert archive.getmember(f"{estate.source}/z".lstrip("/")).islnk()
