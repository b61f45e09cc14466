"""Heads of audits are found again in whatever the system's log has become."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.journal import with_journald
from tui_backup.history.anchors import gather
from tui_backup.history.audit_check import Anchor

HASH = "ab" * 32


def line(n: int = 3, state: str = "/var/lib/my state") -> str:
    return f"audit n={n} hash={HASH} chain=cd12 state={state}"


def anchor(source: str, n: int = 3) -> Anchor:
    return Anchor(n=n, hash=HASH, chain="cd12", state="/var/lib/my state", source=source)


def journal(tmp_path: Path, *entries: dict[str, Any] | str) -> list[str]:
    path = tmp_path / "journal"
    path.write_text("".join((entry if isinstance(entry, str) else json.dumps(entry)) + "\n" for entry in entries))
    return ["cat", str(path)]


def test_the_journal_counts_where_the_user_is_trusted(tmp_path: Path) -> None:
    command = journal(
        tmp_path,
        {"MESSAGE": line(1), "_UID": "0"},
        {"MESSAGE": line(2), "_UID": "1000"},
        {"MESSAGE": list(line(3).encode()), "_UID": "0"},
        {"MESSAGE": None, "_UID": "0"},
        {"MESSAGE": "something else", "_UID": "0"},
        {"MESSAGE": f"{line(4)}\naudit", "_UID": "0"},
        "no JSON",
    )
    found = gather([0], tmp_path / "no logs", command)
    assert found.anchors == (anchor("journald", 1), anchor("journald", 3))
    assert found.sources == ("journald",)


@pytest.mark.parametrize("command", [["false"], ["/nowhere/journalctl"], ["sh", "-c", "exec sleep 100 &"]], ids=repr)
def test_a_journal_that_cannot_be_read_is_none(tmp_path: Path, command: list[str]) -> None:
    assert gather([0], tmp_path, command).anchors == ()


def test_plain_files_are_read_also_when_they_were_rotated(tmp_path: Path) -> None:
    said = f"Nov 21 02:00:00 web1 tui-backup[12]: {line()}\n"
    (tmp_path / "auth.log").write_text(f"Nov 21 web1 sshd[1]: tui-backup said {line()}\n{said}\0\n")
    (tmp_path / "syslog.1").write_text("2026-11-21T02:00:00+00:00 " + said.removeprefix("Nov 21 02:00:00 "))
    (tmp_path / "secure-20261101.gz").write_bytes(gzip.compress(said.encode()))
    (tmp_path / "messages.2.gz").write_bytes(gzip.compress(said.encode() * 100)[:-20])
    (tmp_path / "auth.log.sqlite").write_text(said)
    (tmp_path / "messages").mkdir()
    found = gather([0], tmp_path, ["false"])
    assert {each.source.rpartition("/")[2] for each in found.anchors} == {
        "auth.log", "syslog.1", "secure-20261101.gz", "messages.2.gz",
    }  # fmt: skip
    assert found.anchors.count(anchor(str(tmp_path / "auth.log"))) == 1


@pytest.mark.requires("journald")
def test_a_real_journal_keeps_what_was_sent(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tui_backup.services.audit import Audit\n"
        "audit = Audit(Path(sys.argv[1]), socket='/run/systemd/journal/dev-log')\n"
        "with audit.act('restore', 'job site'): pass\n"
    )
    check = (
        "import sys; from pathlib import Path; from tui_backup.services.audit import Audit\n"
        "found = Audit(Path(sys.argv[1])).examine(); print(found.proven, found.anchor.source, len(found.findings))\n"
    )
    assert with_journald(script, check, str(tmp_path)).splitlines() == ["3 journald 0"]
