"""The command palette: every action of the page at hand, and every place that one can go to from anywhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from textual.fuzzy import Matcher
from textual.types import IgnoreReturnCallbackType

from tui_backup.primitives.i18n import _, in_other_language
from tui_backup.tui.page import Page
from tui_backup.tui.places import (
    AuditTrail,
    Configuration,
    Finder,
    Go,
    History,
    Keys,
    Locks,
    Problems,
    Prune,
    Restore,
    Schedules,
    Snapshots,
    Themes,
    UndoRestore,
    Verify,
    is_built,
)

GENERAL = frozenset({"page", "listing"})
"""How the names of keys begin that do the same wherever they work."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something that can be done from here."""

    name: str
    explanation: str
    do: IgnoreReturnCallbackType
    also: str
    """Its name in the other language."""
    key: str = ""
    """What is pressed for it, as it is written."""
    is_general: bool = False
    """Whether it can be done on every page."""


def actions(page: Page) -> list[Action]:
    """Return what can be done on this page alone, where one can go, and what can be done on every page."""
    found = list(_of_page(page))
    own = [action for action in found if not action.is_general]
    return [*own, *_to_go(page), *(action for action in found if action.is_general)]


def matching(known: Sequence[Action], query: str) -> list[Action]:
    """Return the actions that are like what somebody has typed, in either language, the most alike first."""
    if not query.strip():
        return list(known)
    matcher = Matcher(query.strip())
    scores = [
        max(matcher.match(each.name), matcher.match(each.also), matcher.match(each.explanation) / 2) for each in known
    ]
    ranked = sorted(range(len(known)), key=lambda at: -scores[at])
    return [known[at] for at in ranked if scores[at]]


def _of_page(page: Page) -> Iterator[Action]:
    seen = {"app.command_palette"}
    for node, binding, enabled, tooltip in page.active_bindings.values():
        words = tooltip or binding.tooltip
        if not enabled or not binding.id or not binding.description or not words or binding.action in seen:
            continue
        seen.add(binding.action)
        yield Action(
            name=binding.description,
            explanation=words,
            do=partial(page.app.run_action, binding.action, node),
            also=in_other_language(binding.description),
            key=page.app.get_key_display(binding),
            is_general=binding.id.partition(".")[0] in GENERAL,
        )


def _to_go(page: Page) -> Iterator[Action]:
    for place, name, explanation in places():
        if is_built(type(place)) and (page.desk.is_configured or isinstance(place, Themes)):
            yield Action(
                name=name,
                explanation=explanation,
                do=partial(page.post_message, Go(place)),
                also=in_other_language(name),
            )


def places() -> list[tuple[
    Finder | Restore | UndoRestore | Problems | Verify | Prune | Locks | Keys | Configuration | History | AuditTrail
    | Schedules | Snapshots | Themes, str, str,
]]:  # fmt: skip
    """Return the places that can be gone to from anywhere, with their names and what is there."""
    return [
        (Problems(), _("Problems"), _("What somebody should look at, and what can be done about it")),
        (Restore(), _("Restore"), _("Get files back")),
        (UndoRestore(), _("Undo a restore"), _("Bring back what a restore in place replaced")),
        (Snapshots(), _("Snapshots"), _("All snapshots in all repositories")),
        (Schedules(), _("Schedules"), _("What runs by itself, and when")),
        (Finder(), _("Find a file"), _("Search all snapshots")),
        (Verify(), _("Verify"), _("Prove that snapshots can be restored")),
        (Prune(), _("Prune"), _("Forget what no policy keeps, and reclaim space")),
        (Locks(), _("Locks"), _("Who holds the repositories")),
        (Keys(), _("Keys"), _("Passwords of repositories")),
        (Configuration(), _("Settings"), _("Jobs and repositories as forms")),
        (Configuration(as_text=True), _("Configuration file"), _("The configuration as text")),
        (History(), _("History"), _("Past runs")),
        (AuditTrail(), _("Audit"), _("Who changed or read back data")),
        (Themes(), _("Themes"), _("How it looks")),
    ]
