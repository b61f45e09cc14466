"""Cures: what can be done about a trouble, where that is done, and the command that does the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.i18n import _
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.places import Configuration, Damage, Place, Prune, RunLog, Schedules, Verify, is_built
from tui_backup.tui.widgets.cells import Piece, Role


@dataclass(frozen=True, kw_only=True)
class Cure:
    """What Enter does about a trouble."""

    text: str
    """In a few words: `read the log of that run`."""
    place: Place | None = None
    """Where it is done."""
    back_up: str | None = None
    """The job that is backed up, where that is what helps."""
    acknowledge: str | None = None
    """The job of which somebody says to know what is wrong, where that is what helps."""


def cure_of(trouble: Trouble, last_runs: Mapping[str, str | None]) -> Cure | None:
    """Return what can be done here about a trouble; `last_runs` are the newest runs of jobs."""
    cure = _cure(trouble, last_runs)
    if cure is None or (cure.place is not None and not is_built(type(cure.place))):
        return None
    return cure


def _cure(trouble: Trouble, last_runs: Mapping[str, str | None]) -> Cure | None:
    of_job = _cures_of_job(trouble.job, last_runs.get(trouble.job)) if trouble.job else {}
    return {**_cures_elsewhere(trouble), **of_job}.get(trouble.kind)


def _cures_of_job(job: str, run: str | None) -> dict[TroubleKind, Cure]:
    """Return what is done in a job; `run` is its newest."""
    of_run = Cure(text=_("read the log of that run"), place=RunLog(run=run)) if run is not None else None
    known = Cure(text=_("have {job} go on: this change was meant").format(job=job), acknowledge=job)
    backups = {
        TroubleKind.STALE: _("back {job} up now"),
        TroubleKind.STOPPED: _("back {job} up now, which starts it again"),
        TroubleKind.COPIES: _("back {job} up now, which copies what is missing"),
    }
    return {
        TroubleKind.SUDDEN_CHANGE: known,
        **{kind: Cure(text=text.format(job=job), back_up=job) for kind, text in backups.items()},
        **({TroubleKind.FAILED: of_run, TroubleKind.INCOMPLETE: of_run} if of_run is not None else {}),
    }


def _cures_elsewhere(trouble: Trouble) -> dict[TroubleKind, Cure]:
    """Return what is done in a repository, in the configuration, or by whoever looks at the schedules."""
    repository = trouble.repository
    forgetting = _("look at what would be forgotten")
    places: dict[TroubleKind, tuple[str, Place]] = {
        TroubleKind.HELD: (forgetting, Prune(job=trouble.job, repository=repository)),
        TroubleKind.PRUNE_FAILED: (forgetting, Prune(job=trouble.job, repository=repository)),
        TroubleKind.LOW_SPACE: (_("see what space can be reclaimed"), Prune(repository=repository)),
        TroubleKind.VERIFY_FAILED: (_("verify it again"), Verify(repository=repository)),
        TroubleKind.SCHEDULER: (_("see what should run, and have it run here for now"), Schedules()),
    }
    if repository is not None:
        places[TroubleKind.DAMAGED] = _("see what is damaged, and what can be done"), Damage(repository=repository)
    if trouble.notifier is not None:
        places[TroubleKind.NOTIFIER] = _("see how it is reached, and try it"), Configuration(notifier=trouble.notifier)
    return {kind: Cure(text=text, place=place) for kind, (text, place) in places.items()}


def command_of(trouble: Trouble) -> list[str]:
    """Return the command that helps, or says more."""
    job, repository = trouble.job or "", trouble.repository or ""
    commands = {
        TroubleKind.FAILED: ["history", "--job", job],
        TroubleKind.INCOMPLETE: ["history", "--job", job],
        TroubleKind.STALE: ["run", job],
        TroubleKind.COPIES: ["run", job],
        TroubleKind.STOPPED: ["run", job],
        TroubleKind.DAMAGED: ["verify", "-r", repository, "--read-data"],
        TroubleKind.VERIFY_FAILED: ["verify", "-r", repository],
        TroubleKind.HELD: ["prune", "--job", job, "-r", repository],
        TroubleKind.PRUNE_FAILED: ["prune", "--job", job, "-r", repository],
        TroubleKind.LOW_SPACE: ["prune", "-r", repository],
        TroubleKind.SUDDEN_CHANGE: ["acknowledge", job],
        TroubleKind.SCHEDULER: ["schedule", "show"],
        TroubleKind.NOTIFIER: ["notify", "test", trouble.notifier or ""],
    }
    return commands.get(trouble.kind, ["status"])


def kind_piece(kind: TroubleKind, glyphs: Glyphs) -> Piece:
    """Return what is wrong: a sign and a word."""
    grave: tuple[str, Role] = (glyphs.failed, "error")
    slight: tuple[str, Role] = (glyphs.stale, "warning")
    looks = {
        TroubleKind.DAMAGED: (grave, _("damaged")),
        TroubleKind.FAILED: (grave, _("failed")),
        TroubleKind.STOPPED: (grave, _("stopped")),
        TroubleKind.STALE: (slight, _("stale")),
        TroubleKind.INCOMPLETE: (slight, _("incomplete")),
        TroubleKind.COPIES: (slight, _("copies")),
        TroubleKind.LOW_SPACE: (slight, _("low space")),
        TroubleKind.HELD: (slight, _("held")),
        TroubleKind.SUDDEN_CHANGE: (grave, _("changed")),
        TroubleKind.UNLOCKED: (grave, _("unlocked")),
        TroubleKind.NOTIFIER: (slight, _("notifier")),
        TroubleKind.HISTORY: (slight, _("record")),
        TroubleKind.METRICS: (slight, _("metrics")),
        TroubleKind.VERIFY_FAILED: (grave, _("unverified")),
        TroubleKind.PRUNE_FAILED: (slight, _("not pruned")),
        TroubleKind.SCHEDULER: (grave, _("schedules")),
        TroubleKind.CLOCK: (slight, _("clock")),
    }
    (sign, role), word = looks[kind]
    return f"{sign} {word}", role
