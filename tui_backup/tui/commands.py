"""The command palette: every action of the page at hand, and every place that one can go to from anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.types import IgnoreReturnCallbackType

from tui_backup.primitives.i18n import _, in_other_language
from tui_backup.primitives.text import printable
from tui_backup.tui.inherited_words import key_words
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
    Snapshots,
    Themes,
    UndoRestore,
    Verify,
    is_built,
)


@dataclass(frozen=True)
class Action:
    """Something that can be done from here."""

    name: str
    explanation: str
    do: IgnoreReturnCallbackType
    also: str
    """Its name in the other language."""


class Actions(Provider):
    """What can be done on the page at hand, then where one can go."""

    async def discover(self) -> Hits:
        """Yield everything."""
        for action in self._actions():
            yield DiscoveryHit(action.name, action.do, help=action.explanation)

    async def search(self, query: str) -> Hits:
        """Yield what is like the query."""
        matcher, found = self.matcher(query), False
        for action in self._actions():
            score = max(matcher.match(action.name), matcher.match(action.also), matcher.match(action.explanation) / 2)
            if score:
                found = True
                yield Hit(score, matcher.highlight(action.name), action.do, text=action.name, help=action.explanation)
        if not found:
            told = _("Nothing matches “{text}”").format(text=printable(query))
            yield Hit(1, Content(told), lambda: None, text=told)

    def _actions(self) -> Iterator[Action]:
        yield from self._of_page()
        for place, name, explanation in places():
            if is_built(type(place)):
                yield Action(name, explanation, partial(self.app.post_message, Go(place)), in_other_language(name))

    def _of_page(self) -> Iterator[Action]:
        seen = set[str]()
        for node, binding, enabled, tooltip in self.screen.active_bindings.values():
            if not enabled or not binding.description or binding.action in seen or binding.system:
                continue
            seen.add(binding.action)
            name, words = key_words(binding.description), key_words(tooltip or binding.tooltip or "")
            key = self.app.get_key_display(binding)
            do = partial(self.app.run_action, binding.action, node)
            yield Action(f"{name}  ({key})", words, do, in_other_language(name))


def places() -> list[tuple[
    Finder | Restore | UndoRestore | Problems | Verify | Prune | Locks | Keys | Configuration | History | AuditTrail
    | Snapshots | Themes, str, str,
]]:  # fmt: skip
    """Return the places that can be gone to from anywhere, with their names and what is there."""
    return [
        (Problems(), _("Problems"), _("What somebody should look at, and what can be done about it")),
        (Restore(), _("Restore"), _("Get files back")),
        (UndoRestore(), _("Undo a restore"), _("Bring back what a restore in place replaced")),
        (Snapshots(), _("Snapshots"), _("All snapshots in all repositories")),
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
