"""`audit`: who changed or read back data, and whether that record is as it was written."""

import re
from collections.abc import Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.output import Cell, Column
from tui_backup.errors import UsageError
from tui_backup.history.audit import Record
from tui_backup.history.audit_check import Anchor, Examination
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import moment
from tui_backup.services.audit_verdict import verdict

_ANCHOR = re.compile(r"(\d{1,15}):([0-9a-f]{16,64})")

SHOWN = 50
"""Findings that are shown one by one."""


@click.command(
    short_help=_("Show who changed or read back data."),
    help=_("Show the record of everything that changed data or read it back, the newest last."),
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help=_("Show the newest N only."))
@click.option("--verify", is_flag=True, help=_("Prove that nothing in the record was altered; exit 1 if it was."))
@click.option("--anchor", "kept", multiple=True, metavar="N:HASH", help=_("With --verify: a head that you noted."))
@pass_invocation
def command(invocation: Invocation, limit: int | None, verify: bool, kept: tuple[str, ...]) -> int:
    anchors = [anchor_of(text) for text in kept]
    if anchors and not verify:
        raise UsageError(_("--anchor goes with --verify"))
    if verify:
        found = invocation.state_workspace.audit.examine(anchors)
        if invocation.json:
            output.write_document(document(found))
        else:
            show(found)
        return 1 if found.findings else 0
    _list(invocation, limit)
    return 0


def anchor_of(text: str) -> Anchor:
    """Return the anchor that somebody kept; raises UsageError if it is none."""
    match = _ANCHOR.fullmatch(text.lower())
    if match is None:
        raise UsageError(_("--anchor: {text!r} is not N:HASH, with at least 16 digits").format(text=text))
    return Anchor(n=int(match.group(1)), hash=match.group(2), chain="", state="", source=_("the given anchor"))


def document(found: Examination) -> dict[str, object]:
    """Return a check as scripts get it."""
    return {
        "records": found.records,
        "chain": found.chain or None,
        "head": {"n": found.head.n, "hash": found.head.hash} if found.head else None,
        "proven": found.proven,
        "anchor": {"n": found.anchor.n, "source": found.anchor.source} if found.anchor else None,
        "anchors": found.anchors,
        "unended": [record.n for record in found.unended],
        "problems": found.findings,
    }


def show(found: Examination) -> None:
    """Write what a check has shown, the findings first."""
    told = verdict(found)
    for problem in told.problems[:SHOWN]:
        output.write_text(_("problem: {finding}").format(finding=problem))
    if len(told.problems) > SHOWN:
        output.write_text(_("and {count} more problems").format(count=len(told.problems) - SHOWN))
    for line in (*told.unended, *told.conclusion):
        output.write_text(line)


def _list(invocation: Invocation, limit: int | None) -> None:
    records, unended, strange = invocation.state_workspace.audit.records(limit)
    if invocation.json:
        output.write_lines(records)
    else:
        columns = [
            Column(_("N"), right=True, spare=2), Column(_("TIME")), Column(_("WHO"), spare=1), Column(_("WHAT")),
            Column(_("DETAIL")),
        ]  # fmt: skip
        output.write_table(columns, [_cells(record, unended) for record in records])
    if strange:
        text = ngettext("{count} line is no record", "{count} lines are no records", strange).format(count=strange)
        invocation.warn(_("{what}: tui-backup audit --verify").format(what=text))


def _cells(record: Record, unended: set[int]) -> Sequence[Cell]:
    detail = _("{detail} (no end is recorded)").format(detail=record.detail) if record.n in unended else record.detail
    told = ": ".join(filter(None, (record.object, detail)))
    return record.n, moment(record.time), record.who, record.verb, told
