"""The dashboard's words: how a job stands, what became of a backup, how runs went."""

from collections.abc import Sequence

from rich.cells import cell_len

from tui_backup.model.event import Progressed
from tui_backup.model.run import RunStatus
from tui_backup.model.standing import Integrity
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.runs.pace import share
from tui_backup.services.status.dashboard import JobOverview, JobState, PastBackup
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.cells import Piece, Role
from tui_backup.tui.words import brief_duration


def state_word(state: JobState) -> str:
    """Return how a job stands in a word."""
    words = {
        JobState.CHANGED: _("changed"),
        JobState.DAMAGED: _("damaged"),
        JobState.FAILED: _("failed"),
        JobState.STALE: _("stale"),
        JobState.INCOMPLETE: _("incomplete"),
        JobState.NEVER: _("never run"),
        JobState.CANCELLED: _("cancelled"),
        JobState.OK: _("ok"),
    }
    return words[state]


def state_piece(state: JobState, glyphs: Glyphs) -> Piece:
    """Return how a job stands: a sign and a word."""
    signs: dict[JobState, tuple[str, Role]] = {
        JobState.CHANGED: (glyphs.failed, "error"),
        JobState.DAMAGED: (glyphs.failed, "error"),
        JobState.FAILED: (glyphs.failed, "error"),
        JobState.STALE: (glyphs.stale, "warning"),
        JobState.INCOMPLETE: (glyphs.stale, "warning"),
        JobState.NEVER: (glyphs.never, "dim"),
        JobState.CANCELLED: (glyphs.waiting, "dim"),
        JobState.OK: (glyphs.ok, "ok"),
    }
    sign, role = signs[state]
    return f"{sign} {state_word(state)}", role


def running_piece(progress: Progressed | None, glyphs: Glyphs) -> Piece:
    """Return that a job is being worked on, and how far that is: what goes on is told in full elsewhere."""
    done = share(progress) if progress else None
    word = _("running") if done is None else _("{share} %").format(share=done)
    return f"{glyphs.running} {word}", "accent"


def widest_state(glyphs: Glyphs) -> int:
    """Return how many columns of the terminal the state of a job takes at most."""
    texts = [state_piece(state, glyphs)[0] for state in JobState]
    return max(cell_len(text) for text in [*texts, running_piece(None, glyphs)[0]])


def rate_words(job: JobOverview) -> str:
    """Return how many of the newest runs went well, and what a restore would take; nothing where nobody knows."""
    parts = []
    if job.success_rate is not None:
        count = sum(outcome is not RunStatus.CANCELLED for outcome in job.outcomes)
        text = ngettext("{good} of {count} run ok", "{good} of {count} runs ok", count)
        parts.append(text.format(good=round(job.success_rate * count), count=count))
    if job.restore_seconds is not None:
        parts.append(_("a restore takes {duration}").format(duration=brief_duration(job.restore_seconds)))
    return ", ".join(parts)


def outcome_pieces(outcomes: Sequence[RunStatus], glyphs: Glyphs) -> list[Piece]:
    """Return how runs went as a bar each: the worse, the higher."""
    bars = glyphs.bars
    looks: dict[RunStatus, Piece] = {
        RunStatus.OK: (bars[1], "ok"),
        RunStatus.CANCELLED: (bars[0], "dim"),
        RunStatus.INCOMPLETE: (bars[4], "warning"),
        RunStatus.FAILED: (bars[7], "error"),
        RunStatus.RUNNING: (bars[0], "dim"),
    }
    return [looks[outcome] for outcome in outcomes]


def copies_pieces(backup: PastBackup, repositories: Sequence[str], glyphs: Glyphs) -> list[Piece]:
    """Return a sign for each repository of the job: there, damaged, or missing. Further ones follow."""
    held = {copy.repository: copy for copy in backup.copies}
    pieces: list[Piece] = []
    for name in (*repositories, *(name for name in held if name not in repositories)):
        copy = held.get(name)
        if copy is None:
            pieces.append((glyphs.missing, "dim"))
        elif copy.standing.integrity is Integrity.DAMAGED:
            pieces.append((glyphs.failed, "error"))
        else:
            pieces.append((glyphs.present, "plain"))
    return pieces
