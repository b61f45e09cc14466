"""What a check of the audit has shown, in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tui_backup.history.audit_check import Examination, Finding
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import moment, number, printable


@dataclass(frozen=True, kw_only=True)
class AuditVerdict:
    """Lines for people, ready for the terminal."""

    problems: tuple[str, ...]
    """What is not as it was written; none: nothing was altered, as far as `conclusion` says."""
    unended: tuple[str, ...]
    """Operations that began and have no recorded end."""
    is_proven: bool
    """Whether a log outside of the audit agrees with all of it."""
    conclusion: tuple[str, ...]
    """How many records there are, and up to where it is certain that nothing was altered."""


def verdict(found: Examination, written: Callable[[datetime], str] = moment) -> AuditVerdict:
    """Return what a check has shown; `written` is how a time is written."""
    unended = _("begun and not ended: {n}, {time}, {verb} {object}")
    return AuditVerdict(
        problems=tuple(printable(_placed(finding)) for finding in found.findings),
        unended=tuple(
            printable(unended.format(n=record.n, time=written(record.time), verb=record.verb, object=record.object))
            for record in found.unended
        ),
        is_proven=_is_proven(found),
        conclusion=tuple(_conclusion(found)),
    )


def _conclusion(found: Examination) -> list[str]:
    if found.head is None:
        return [_("nothing is recorded yet")]
    count = ngettext("{count} record", "{count} records", found.records).format(count=number(found.records))
    state = _("{records}, each follows from the one before it") if not found.findings else _("{records} read")
    return [
        state.format(records=count),
        _proof(found),
        _("head, to be kept elsewhere: {n}:{hash}").format(n=found.head.n, hash=found.head.hash),
    ]


def _proof(found: Examination) -> str:
    """Return up to where it is certain that nothing was altered."""
    if not found.anchors:
        return _("no anchors: neither the journal nor a system log of this machine knows this audit")
    if found.anchor is None:
        return _("proven: nothing")
    source = printable(found.anchor.source)
    if _is_proven(found):
        return _("proven: all, up to record {n}, by {source}").format(n=found.proven, source=source)
    return _("proven: up to record {n}, by {source}; what follows has no anchor that agrees").format(
        n=found.proven, source=source
    )


def _is_proven(found: Examination) -> bool:
    return found.anchor is not None and found.head is not None and found.proven == found.head.n


def _placed(finding: Finding) -> str:
    return (
        _("line {line}: {message}").format(line=finding.line, message=finding.message)
        if finding.line
        else finding.message
    )
