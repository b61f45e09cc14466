"""Secrets come from where they are said to be, and show nowhere."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui_backup.errors import ConfigError
from tui_backup.primitives import secret as secrets
from tui_backup.primitives.secret import Secret, SecretSource, decode_secret

PASSWORD = "correct horse battery staple"


def written(path: Path, content: bytes, mode: int = 0o600) -> SecretSource:
    path.write_bytes(content)
    path.chmod(mode)
    return SecretSource.of({"file": str(path)})


def python(program: str) -> SecretSource:
    return SecretSource.of({"command": [sys.executable, "-c", program]})


def refused(source: SecretSource, environment: dict[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        source.resolve("repositories.local.password", environment)
    assert str(caught.value).startswith("repositories.local.password: ")
    assert PASSWORD not in f"{caught.value} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format, lambda value: f"{[value]}"])
def test_a_secret_never_prints(show: Callable[[object], str]) -> None:
    assert PASSWORD not in show(Secret(PASSWORD))
    assert PASSWORD not in show(SecretSource.of(PASSWORD))


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"simple\n", "simple"),
        (b" \t both ends \r\n\n", "both ends"),
        (b"\xef\xbb\xbfmarked\n", "marked"),
        ("\ufeffsixteen\n".encode("utf-16-le"), "sixteen"),
        ("\ufeffsixteen\n".encode("utf-16-be"), "sixteen"),
        ("\u00a0\u2003pässword\u0085".encode(), "pässword"),
        (b"kept\x1c\n", "kept\x1c"),
        (b"two\nlines\n", "two\nlines"),
    ],
)
def test_a_file_is_read_as_restic_reads_it(tmp_path: Path, content: bytes, password: str) -> None:
    assert written(tmp_path / "key", content).resolve("key").reveal() == password


def test_bytes_that_are_no_text_survive() -> None:
    assert decode_secret(b"\xff\x00\xfe").encode("utf-8", "surrogateescape") == b"\xff\x00\xfe"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_file_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    error = refused(written(tmp_path / "key", PASSWORD.encode(), mode))
    assert error.hint == f"chmod 600 {tmp_path / 'key'}"


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    assert str(tmp_path / name) in str(refused(SecretSource.of({"file": str(tmp_path / name)})))


def test_a_relative_file_lies_beside_the_configuration(tmp_path: Path) -> None:
    written(tmp_path / "key", b"beside")
    assert SecretSource.of({"file": "key"}).rooted(str(tmp_path)).resolve("key").reveal() == "beside"


def test_a_variable_counts_to_the_letter() -> None:
    assert SecretSource.of({"env": "WORD"}).resolve("key", {"WORD": " word "}).reveal() == " word "


def test_a_variable_that_is_not_set_is_named() -> None:
    assert "WORD is not set" in str(refused(SecretSource.of({"env": "WORD"}), {}))


@pytest.mark.parametrize("source", [{"env": "WORD"}, {"command": ["true"]}])
def test_an_empty_secret_is_refused(source: dict[str, Any]) -> None:
    assert "is empty" in str(refused(SecretSource.of(source), {"WORD": "", "PATH": "/usr/bin:/bin"}))


def test_a_command_is_run_without_shell_terminal_or_input() -> None:
    program = "import os, sys; print('$HOME', repr(sys.stdin.read()), os.getsid(0) == os.getpid())"
    assert python(program).resolve("key").reveal() == "$HOME '' True"


def test_a_command_learns_no_secret_of_ours() -> None:
    known = {"PATH": "/usr/bin:/bin", "HOME": "/root", "LC_ALL": "C", "BACKUP_KEY": PASSWORD, "AWS_SECRET": PASSWORD}
    told = SecretSource.of({"command": ["env"]}).resolve("key", known).reveal()
    assert sorted(told.splitlines()) == ["HOME=/root", "LC_ALL=C", "PATH=/usr/bin:/bin"]


def test_a_command_starts_in_the_directory_of_the_configuration(tmp_path: Path) -> None:
    script = tmp_path / "say"
    script.write_text("#!/bin/sh\necho here\n")
    script.chmod(0o700)
    assert SecretSource.of({"command": ["./say"]}).rooted(str(tmp_path)).resolve("key").reveal() == "here"


def test_a_failing_command_is_quoted_without_the_secret() -> None:
    program = f"import sys; print({PASSWORD!r}); print('locked: ', {PASSWORD!r}, file=sys.stderr); sys.exit(3)"
    message = str(refused(python(program)))
    assert "exit code 3: locked:  ********" in message


def test_a_command_that_is_not_there_is_named() -> None:
    assert "no-such-program" in str(refused(SecretSource.of({"command": ["no-such-program"]})))


def test_a_command_that_hangs_is_killed_with_what_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_TIMEOUT_S", 0.3)
    assert "within" in str(refused(SecretSource.of({"command": ["sh", "-c", "sleep 60 & sleep 60"]})))


@pytest.mark.parametrize(
    "value",
    [
        "",
        5,
        [],
        {},
        {"env": ""},
        {"env": 5},
        {"command": []},
        {"command": ["", "x"]},
        {"command": "pass show x"},
        {"file": "a", "env": "B"},
        {"literal": PASSWORD},
    ],
)
def test_anything_else_is_no_source_of_secrets(value: Any) -> None:
    with pytest.raises(ValueError, match="must be one of") as caught:
        SecretSource.of(value)
    assert PASSWORD not in str(caught.value)
