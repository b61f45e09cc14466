"""Whether an audit is as it was written: every line against the one before it, and against what was kept elsewhere."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from tui_backup.history.audit import (
    BEFORE_THE_FIRST,
    OPEN,
    TORN,
    Record,
    begun_as,
    fingerprint,
    is_beginning,
    link,
    parsed,
)
from tui_backup.primitives.i18n import _, ngettext


class FindingKind(StrEnum):
    """What is wrong with an audit."""

    TORN = "torn"
    """Bytes of a record that was never finished; no more is wrong with the chain."""
    UNREADABLE = "unreadable"
    ALTERED = "altered"
    MISSING = "missing"
    MISPLACED = "misplaced"
    CUT = "cut"
    """Records at the end are missing."""
    REPLACED = "replaced"
    """Another chain was kept here before."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was written."""

    kind: FindingKind
    line: int | None
    """From 1; None where it is about no line."""
    n: int | None
    """Number of the record."""
    message: str


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """The head of an audit as it was kept elsewhere."""

    n: int
    hash: str
    """Hex digits; its beginning will do."""
    chain: str
    """Empty where it is not known."""
    state: str
    """The state directory, for people; empty where it is not known."""
    source: str
    """Where it was kept."""


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a check."""

    records: int
    head: Record | None
    chain: str
    """Empty where there is none, or its beginning cannot be read."""
    proven: int
    """Nothing up to this record was altered, as `anchor` shows; 0: nobody can tell."""
    anchor: Anchor | None
    """The newest one that agrees."""
    anchors: int
    """How many there are for this chain."""
    unended: tuple[Record, ...]
    """Operations that began and have no recorded end."""
    findings: tuple[Finding, ...]


class _Chain:
    """The records of a file as they are read, and what is wrong with them by themselves."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.hashes: dict[int, str] = {}
        self.records = 0
        self.head: Record | None = None
        self.chain = ""
        self.sound = True
        """Whether each record so far follows from the one before it."""
        self.sound_until = 0
        self.open: dict[int, Record] = {}
        self._torn = bytearray()
        self._torn_at = 0

    def read(self, number: int, line: bytes) -> None:
        """Take the next line, or a piece of one, with its end."""
        found = parsed(line.removesuffix(b"\n"))
        if found is None:
            self._torn_at = self._torn_at or number
            self._torn += line
            return
        record, body = found
        if self.head is not None or record.verb != OPEN:
            self._judge_torn(record)
        self._judge(number, record, body)
        if not line.endswith(b"\n"):
            self._found(FindingKind.TORN, number, record.n, _("the line has no end"), breaks=False)
        self.records += 1
        self.hashes.setdefault(record.n, record.hash)
        self.head = record
        if self.sound:
            self.sound_until = record.n
        self._note_operation(record)

    def end(self) -> None:
        """There are no more lines."""
        if self._torn:
            self._found(FindingKind.TORN, self._torn_at, None, _size_of(self._torn), breaks=False)

    def _judge_torn(self, record: Record) -> None:
        torn, at = bytes(self._torn), self._torn_at
        self._torn, self._torn_at = bytearray(), 0
        if not torn:
            return
        accounted = record.verb == TORN and record.object == fingerprint(torn)
        text = _size_of(torn)
        if accounted:
            text = _("{what}, as record {n} says").format(what=text, n=record.n)
        kind = FindingKind.TORN if accounted else FindingKind.UNREADABLE
        self._found(kind, at, None, text, breaks=not accounted)

    def _judge(self, number: int, record: Record, body: bytes) -> None:
        n = self.head.n if self.head else 0
        if record.n > n + 1:
            lost = f"{n + 1}" if record.n == n + 2 else f"{n + 1}-{record.n - 1}"
            self._found(FindingKind.MISSING, number, record.n, _("missing before this: {lost}").format(lost=lost))
        elif record.n <= n:
            text = _("record {n} stands behind record {other}").format(n=record.n, other=n)
            self._found(FindingKind.MISPLACED, number, record.n, text)
        elif record.hash != link(self.head.hash if self.head else BEFORE_THE_FIRST, body):
            text = _("record {n}, or the hash of the one before it, was altered").format(n=record.n)
            self._found(FindingKind.ALTERED, number, record.n, text)
        elif n == 0 and record.verb != OPEN:
            self._found(FindingKind.ALTERED, number, record.n, _("the chain does not begin as one does"))
        if n == 0 and record.verb == OPEN:
            self.chain = record.object

    def _note_operation(self, record: Record) -> None:
        if is_beginning(record):
            self.open[record.n] = record
        else:
            self.open.pop(begun_as(record), None)

    def _found(self, kind: FindingKind, line: int | None, n: int | None, message: str, *, breaks: bool = True) -> None:
        self.findings.append(Finding(kind=kind, line=line, n=n, message=message))
        self.sound = self.sound and not breaks


def check(lines: Iterable[bytes], anchors: Iterable[Anchor], state: str) -> Examination:
    """Read the lines of an audit, with their ends, and hold them against anchors, which must have been read before.

    An anchor counts if it is of this chain or names none; one of another chain for the same `state` is a finding.
    """
    chain = _Chain()
    for number, line in enumerate(lines, 1):
        chain.read(number, line)
    chain.end()
    anchors = tuple(anchors)
    ours = [anchor for anchor in anchors if anchor.chain in {"", chain.chain}]
    others = [anchor for anchor in anchors if anchor.chain not in {"", chain.chain} and anchor.state == state]
    agreeing = [anchor for anchor in ours if chain.hashes.get(anchor.n, "").startswith(anchor.hash)]
    proving = [anchor for anchor in agreeing if anchor.n <= chain.sound_until]
    best = max(proving, key=lambda anchor: anchor.n, default=None)
    return Examination(
        records=chain.records,
        head=chain.head,
        chain=chain.chain,
        proven=best.n if best else 0,
        anchor=best,
        anchors=len(ours),
        unended=tuple(chain.open.values()),
        findings=(*chain.findings, *_against(chain, ours), *_replaced(others)),
    )


def _size_of(torn: bytes | bytearray) -> str:
    return ngettext("{count} byte is no record", "{count} bytes are no record", len(torn)).format(count=len(torn))


def _against(chain: _Chain, anchors: list[Anchor]) -> list[Finding]:
    """Return where anchors of a chain contradict it."""
    last = max(chain.hashes, default=0)
    findings: dict[int, Finding] = {}
    for anchor in anchors:
        if anchor.n <= last and not chain.hashes.get(anchor.n, "").startswith(anchor.hash):
            text = _("record {n} is not the one that {source} knows").format(n=anchor.n, source=anchor.source)
            findings[anchor.n] = Finding(kind=FindingKind.ALTERED, line=None, n=anchor.n, message=text)
    newest = max(anchors, key=lambda anchor: anchor.n, default=None)
    if newest is not None and newest.n > last:
        text = _("the end is missing: the file ends with record {last}, {source} knows record {n}")
        text = text.format(last=last, source=newest.source, n=newest.n)
        findings[newest.n] = Finding(kind=FindingKind.CUT, line=None, n=newest.n, message=text)
    return [findings[n] for n in sorted(findings)]


def _replaced(others: list[Anchor]) -> list[Finding]:
    """Return what anchors tell of chains that lay in this place before."""
    newest: dict[str, Anchor] = {}
    for anchor in others:
        if anchor.chain not in newest or newest[anchor.chain].n < anchor.n:
            newest[anchor.chain] = anchor
    text = _("another audit ({chain}) was kept here: {source} knows its record {n}")
    return [
        Finding(
            kind=FindingKind.REPLACED,
            line=None,
            n=None,
            message=text.format(chain=anchor.chain[:8], source=anchor.source, n=anchor.n),
        )
        for anchor in newest.values()
    ]
