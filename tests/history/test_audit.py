"""Whatever is done to an audit by hand is found; whatever happens to its writers leaves it whole."""

import io
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.mounts import tmpfs
from tests.support.running import fill
from tui_backup.history.audit import LONGEST, OPEN, TORN, AuditFile, Entry, Head, parsed
from tui_backup.history.audit_check import Anchor, Examination, FindingKind, check

ROOT = Path(__file__).parent.parent.parent

APPENDING = """
import sys
from pathlib import Path
from tui_backup.history.audit import AuditFile, Entry
audit = AuditFile(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    audit.append(Entry(who=sys.argv[3], verb="run", object=str(number), detail="x" * 500))
"""


def entry(object_: str = "job site", detail: str = "begun") -> Entry:
    return Entry(who="root", verb="run", object=object_, detail=detail)


def anchored(head: Head) -> Anchor:
    return Anchor(n=head.n, hash=head.hash, chain=head.chain, state="/state", source="the journal")


def examined(content: bytes, *anchors: Anchor) -> Examination:
    file = io.BytesIO(content)
    return check(iter(lambda: file.readline(LONGEST), b""), anchors, "/state")


def kinds(examination: Examination) -> set[FindingKind]:
    return {finding.kind for finding in examination.findings}


def written(path: Path, count: int) -> Head:
    audit = AuditFile(path)
    heads = [audit.append(entry(f"job {number}", 'ünïcode \x1b[31m and "quotes"')) for number in range(count)]
    return heads[-1]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Anchor]:
    path = tmp_path_factory.mktemp("audit") / "audit.jsonl"
    head = written(path, 6)
    return path.read_bytes(), anchored(head)


def test_a_chain_as_it_was_written_is_proven_to_its_head(chain: tuple[bytes, Anchor]) -> None:
    content, anchor = chain
    found = examined(content, anchor)
    assert (found.findings, found.records, found.proven) == ((), 7, 7)
    assert examined(content).proven == 0


def test_the_first_record_names_the_chain_and_no_other_is_the_same(tmp_path: Path) -> None:
    first, second = written(tmp_path / "one", 1), written(tmp_path / "two", 1)
    assert first.chain != second.chain
    found = parsed((tmp_path / "one").read_bytes().splitlines()[0])
    assert found is not None
    assert (found[0].n, found[0].verb, found[0].object) == (1, OPEN, first.chain)
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600


@given(st.data())
def test_any_byte_that_is_another_is_found(chain: tuple[bytes, Anchor], data: st.DataObject) -> None:
    content, anchor = chain
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    assert examined(content[:at] + bytes([byte]) + content[at + 1 :], anchor).findings


@given(st.data())
def test_any_bytes_put_in_or_taken_out_are_found(chain: tuple[bytes, Anchor], data: st.DataObject) -> None:
    content, anchor = chain
    start = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(start + 1, len(content)))
    assert examined(content[:start] + content[end:], anchor).findings
    more = data.draw(st.binary(min_size=1, max_size=9) | st.just(b"\n") | st.just(content[start:end]))
    grown = content[:start] + more + content[start:]
    assert grown == content or examined(grown, anchor).findings


@given(st.permutations(range(7)).filter(lambda order: list(order) != sorted(order)))
def test_any_other_order_of_records_is_found(chain: tuple[bytes, Anchor], order: list[int]) -> None:
    content, anchor = chain
    lines = content.splitlines(keepends=True)
    assert examined(b"".join(lines[at] for at in order), anchor).findings


@pytest.mark.parametrize("lost", range(7))
def test_a_missing_record_is_found_and_what_is_before_it_stays_proven(
    chain: tuple[bytes, Anchor], lost: int, tmp_path: Path
) -> None:
    content, anchor = chain
    lines = content.splitlines(keepends=True)
    found = examined(b"".join(lines[:lost] + lines[lost + 1 :]), anchor)
    assert kinds(found) <= {FindingKind.MISSING, FindingKind.CUT, FindingKind.REPLACED}
    assert found.findings
    assert found.proven == 0


def test_an_end_that_was_cut_off_is_found_by_an_anchor_alone(chain: tuple[bytes, Anchor]) -> None:
    content, anchor = chain
    cut = b"".join(content.splitlines(keepends=True)[:5])
    assert examined(cut).findings == ()
    (finding,) = examined(cut, anchor).findings
    assert (finding.kind, finding.n) == (FindingKind.CUT, 7)


def test_a_chain_written_anew_contradicts_the_anchors_of_the_old(tmp_path: Path) -> None:
    old = anchored(written(tmp_path / "audit", 3))
    (tmp_path / "audit").unlink()
    written(tmp_path / "audit", 9)
    assert kinds(examined((tmp_path / "audit").read_bytes(), old)) == {FindingKind.REPLACED}
    assert kinds(examined(b"", old)) == {FindingKind.REPLACED}


def test_records_recomputed_behind_an_anchor_contradict_it(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    head = written(path, 2)
    sound = path.read_bytes()
    old = anchored(AuditFile(path).append(entry("a secret restore")))
    path.write_bytes(sound)
    AuditFile(path).append(entry("nothing to see"))
    found = examined(path.read_bytes(), anchored(head), old)
    assert kinds(found) == {FindingKind.ALTERED}
    assert found.proven == head.n


@given(st.data())
def test_a_torn_end_is_told_and_blocks_nothing(
    tmp_path_factory: pytest.TempPathFactory, chain: tuple[bytes, Anchor], data: st.DataObject
) -> None:
    content, _anchor = chain
    path = tmp_path_factory.mktemp("torn") / "audit"
    path.write_bytes(content[: data.draw(st.integers(1, len(content) - 1))])
    left = path.read_bytes()
    assert kinds(examined(left)) == (set() if left.endswith(b"\n") else {FindingKind.TORN})
    AuditFile(path).append(entry())
    head = AuditFile(path).append(entry())
    found = examined(path.read_bytes(), anchored(head))
    whole = left.endswith(b"\n") or parsed(left.splitlines()[-1]) is not None
    assert kinds(found) == (set() if whole else {FindingKind.TORN})
    assert found.proven == head.n


def test_an_edit_within_what_was_torn_is_found(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    written(path, 2)
    with path.open("ab") as file:
        file.write(b'{"n":4,"time":"20')
    head = AuditFile(path).append(entry())
    content = path.read_bytes()
    assert kinds(examined(content, anchored(head))) == {FindingKind.TORN}
    assert sum(f'"verb":"{TORN}"'.encode() in line for line in content.splitlines()) == 1
    altered = content.replace(b'"time":"20\n', b'"time":"21\n')
    assert altered != content
    assert kinds(examined(altered, anchored(head))) == {FindingKind.UNREADABLE}


def test_an_end_of_nothing_but_rubbish_is_stepped_over(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    written(path, 3)
    with path.open("ab") as file:
        file.write(os.urandom(300_000))
    head = AuditFile(path).append(entry())
    found = examined(path.read_bytes(), anchored(head))
    assert (kinds(found), found.proven, found.records) == ({FindingKind.TORN}, head.n, 6)


def test_many_processes_keep_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    processes = [start(path, 20, f"process {number}") for number in range(4)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    found = examined(path.read_bytes())
    assert (found.findings, found.records) == ((), 81)


def test_writers_that_are_killed_leave_a_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    for _round in range(4):
        with start(path, 1_000_000, "victim") as process:
            assert process.stdout is not None
            process.stdout.readline()
            grown = path.stat().st_size if path.exists() else 0
            while not path.exists() or path.stat().st_size < grown + 5000:
                pass
            process.send_signal(signal.SIGKILL)
    head = AuditFile(path).append(entry())
    found = examined(path.read_bytes(), anchored(head))
    assert kinds(found) <= {FindingKind.TORN}
    assert found.proven == head.n


@pytest.mark.requires("tmpfs")
def test_a_full_disk_adds_no_half_record(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "state") as state:
        audit = AuditFile(state / "audit")
        audit.append(entry())
        fill(state)
        with pytest.raises(OSError, match="No space left"):
            append_many(audit)
        (state / "filler").unlink()
        head = audit.append(entry())
        found = examined((state / "audit").read_bytes(), anchored(head))
        assert (found.findings, found.proven) == ((), head.n)


def test_operations_without_an_end_are_named(tmp_path: Path) -> None:
    audit = AuditFile(tmp_path / "audit")
    audit.append(entry(detail="begun: run 1"))
    audit.append(entry(detail="ended 2: ok"))
    audit.append(entry(detail="begun"))
    assert [record.n for record in examined((tmp_path / "audit").read_bytes()).unended] == [4]


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b'{"n":1}', b"\xff" * 100, b'{"n":1,"x":2,"hash":"' + b"0" * 64 + b'"}', b"x" * LONGEST],
    ids=repr,
)
def test_what_is_no_record_is_none(line: bytes) -> None:
    assert parsed(line) is None


def append_many(audit: AuditFile) -> None:
    for _number in range(100):
        audit.append(entry(detail="x" * 3000))


def start(path: Path, count: int, who: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", APPENDING, str(path), str(count), who]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
