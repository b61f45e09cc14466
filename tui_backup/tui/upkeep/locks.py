"""Locks: who holds the repositories, whether they live, and removing what the dead have left."""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content

from tui_backup.errors import BackupError
from tui_backup.model.upkeep import LockLife
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import printable
from tui_backup.services.storage.unlocking import HeldLock, Holdings, danger, holdings, life_word, removable, remove
from tui_backup.tui.dialogs.confirm import Question
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.upkeep.page import UpkeepPage
from tui_backup.tui.widgets.cells import Cell, Role
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import UNKNOWN, ago, exact


@dataclass(frozen=True)
class Unreached:
    """A repository whose locks could not be looked at."""

    repository: str
    error: BackupError


Row = HeldLock | Unreached


class LocksPage(UpkeepPage):
    """Who holds the repositories."""

    CSS_PATH = "upkeep.tcss"
    WITH_ALL = True
    HELP = _(
        "Whoever works in a repository holds a lock there; an exclusive one keeps everybody else out. A lock whose "
        "owner is provably gone only stands in the way and can be removed. Removing the lock of somebody who lives "
        "makes their work there fail; no program is ever ended by it."
    )

    BINDINGS = [
        Binding("U", "unlock", _("Unlock"), id="locks.unlock",
                tooltip=_("Remove the locks whose owner is provably gone")),
        Binding("F", "force", _("Force"), id="locks.force",
                tooltip=_("Remove the marked locks, or the one at hand, whoever holds them")),
        Binding("r,f5", "look_again", _("Refresh"), key_display="r", id="locks.refresh", tooltip=_("Look again")),
    ]  # fmt: skip

    def heading(self) -> str:
        return _("Locks")

    def body(self) -> ComposeResult:
        yield self.repository_choice()
        with Vertical(id="main"):
            with Vertical(classes="pane", id="list") as pane:
                pane.border_title = _("Locks")
                yield Listing[Row](
                    self._columns(), key=_key, empty=Remark(_("Nobody holds a repository")), markable=True, id="locks"
                )
            yield Facts(classes="pane", id="facts")

    def look(self) -> None:
        """Ask who holds what."""
        listing = self.query_one("#locks", Listing)
        self.query_one("#facts").display = False
        if not self.names:
            listing.say(_("No repository is configured"))
            return
        if not listing.rows:
            listing.say(_("reading…"))
        name = self.repository

        def work() -> Holdings:
            with self.desk.reading() as workspace:
                return holdings(workspace, name)

        self.ask("locks", lambda _watch: work(), self._show, self._show_failure, about=self.reads_from)

    def command_line(self) -> list[str]:
        return ["unlock", *(["-r", self.repository] if self.repository else [])]

    def yanked(self) -> str | None:
        row = self._row
        return None if row is None else self.query_one("#locks", Listing).text_of(row)

    @property
    def _row(self) -> Row | None:
        row: Row | None = self.query_one("#locks", Listing).row
        return row

    def _show(self, found: Holdings) -> None:
        rows = [*(Unreached(name, error) for name, error in found.troubles), *found.locks]
        self.query_one("#locks", Listing).show(rows)
        self.refresh_bindings()

    def _show_failure(self, error: BackupError) -> None:
        self._show(Holdings((), ((self.repository or UNKNOWN, error),)))

    @on(Listing.Moved)
    def _moved(self, event: Listing.Moved) -> None:
        facts = self.query_one("#facts", Facts)
        facts.display = event.row is not None
        if isinstance(event.row, Unreached):
            error = event.row.error
            facts.border_title = Content(printable(event.row.repository))
            facts.show([Fact("", error.message, "bad"), Fact("", error.hint or "", "quiet")])
        elif isinstance(event.row, HeldLock):
            facts.border_title = Content(printable(_("Lock {id}").format(id=event.row.lock.name[:8])))
            facts.show(self._facts(event.row))
        self.refresh_bindings()

    def _facts(self, held: HeldLock) -> list[Fact]:
        lock, zone, now = held.lock, self.desk.zone, self.desk.now()
        lives = f"{_sign(lock.life, self.desk.glyphs)} {life_word(lock.life)}: {lock.evidence}"
        times = _("since {since}, refreshed {refreshed}")
        return [
            Fact(_("Owner"), lives, "careful" if lock.life is LockLife.DEAD else ""),
            Fact(_("Time"), times.format(since=exact(lock.since, zone), refreshed=ago(lock.refreshed, now))),
            Fact(_("Lock"), lock.name, "quiet"),
            *([Fact(_("Run"), held.run)] if held.run else []),
        ]

    def _columns(self) -> list[Column[Row]]:
        now = self.desk.now
        return [
            Column(id="state", title=_("Owner"), cell=self._state, least=9),
            Column(id="repository", title=_("Repository"), cell=lambda row: row.repository, most=20),
            Column(id="kind", title=_("Kind"), cell=lambda row: _kind(row) if isinstance(row, HeldLock) else ""),
            Column(id="who", title=_("Held by"), cell=_who, grows=True, least=16),
            Column(id="pid", title=_("Process"), cell=_pid, right=True, rank=2),
            Column(
                id="since", title=_("Since"), rank=3,
                cell=lambda row: ago(row.lock.since, now()) if isinstance(row, HeldLock) else "",
            ),
            Column(
                id="refreshed", title=_("Refreshed"), rank=1,
                cell=lambda row: ago(row.lock.refreshed, now()) if isinstance(row, HeldLock) else "",
            ),
        ]  # fmt: skip

    def _state(self, row: Row) -> Cell:
        glyphs = self.desk.glyphs
        if isinstance(row, Unreached):
            return [(f"{glyphs.failed} " + _("unreachable"), "error")]
        roles: dict[LockLife, Role] = {LockLife.ALIVE: "ok", LockLife.DEAD: "warning", LockLife.UNKNOWN: "plain"}
        life = row.lock.life
        return [(f"{_sign(life, glyphs)} {life_word(life)}", roles[life])]

    def _held(self) -> list[HeldLock]:
        return [row for row in self.query_one("#locks", Listing).rows if isinstance(row, HeldLock)]

    def action_unlock(self) -> None:
        """Remove what the dead have left."""
        dead = removable(self._held(), force=False)
        if not dead:
            self.tell(_("No lock here is provably left behind; F removes the one at hand all the same"))
            return
        facts = [_line(held) for held in dead]
        self.agreed(self._question(dead, facts, [], None), lambda: self._remove(dead))

    def action_force(self) -> None:
        """Remove the marked locks, or the one at hand, whoever holds them."""
        listing = self.query_one("#locks", Listing)
        marked = [row for row in listing.marked if isinstance(row, HeldLock)]
        row = self._row
        chosen = marked or ([row] if isinstance(row, HeldLock) else [])
        if not chosen:
            return
        risky = [held for held in chosen if held.lock.life is not LockLife.DEAD]
        word = chosen[0].repository if risky else None
        question = self._question(chosen, [_line(held) for held in chosen], [danger(held) for held in risky], word)
        self.agreed(question, lambda: self._remove(chosen))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what there is nothing for."""
        if action == "unlock":
            return bool(removable(self._held(), force=False)) or None
        if action == "force":
            return bool(self._held()) or None
        return super().check_action(action, parameters)

    def _question(self, chosen: list[HeldLock], facts: list[str], warnings: list[str], word: str | None) -> Question:
        count = len(chosen)
        return Question(
            title=ngettext("Remove {count} lock", "Remove {count} locks", count).format(count=count),
            host=self.desk.workspace.host,
            target=", ".join(dict.fromkeys(held.repository for held in chosen)),
            facts=facts,
            warnings=warnings,
            undo=_("A lock that goes cannot be put back. No program is ended by it."),
            word=word,
            action=_("Remove"),
        )

    def _remove(self, chosen: list[HeldLock]) -> None:
        title = _("remove locks of {names}").format(names=", ".join(dict.fromkeys(held.repository for held in chosen)))
        self.carry_out(title, lambda workspace: remove(workspace, chosen), lambda gone: self._removed(chosen, gone))

    def _removed(self, chosen: list[HeldLock], gone: list[HeldLock]) -> None:
        words = ngettext("{count} lock removed", "{count} locks removed", len(gone)).format(count=len(gone))
        left = len(chosen) - len(gone)
        if left:
            words += "; " + ngettext(
                "{count} was given back or refreshed meanwhile", "{count} were given back or refreshed meanwhile", left
            ).format(count=left)
        self.tell(words)


def _key(row: Row) -> tuple[str, str]:
    return (row.repository, row.lock.name) if isinstance(row, HeldLock) else (row.repository, "")


def _sign(life: LockLife, glyphs: Glyphs) -> str:
    return {LockLife.ALIVE: glyphs.ok, LockLife.DEAD: glyphs.failed, LockLife.UNKNOWN: glyphs.never}[life]


def _kind(held: HeldLock) -> Cell:
    exclusive = held.lock.exclusive
    if exclusive is None:
        return UNKNOWN
    return [(_("exclusive"), "bold")] if exclusive else _("shared")


def _who(row: Row) -> Cell:
    if isinstance(row, Unreached):
        return [(row.error.message, "error")]
    return f"{row.lock.user or UNKNOWN}@{row.lock.host or UNKNOWN}"


def _pid(row: Row) -> str:
    return str(row.lock.pid or UNKNOWN) if isinstance(row, HeldLock) else ""


def _line(held: HeldLock) -> str:
    lock = held.lock
    words = _("lock {id} of {user} on {host} (pid {pid}): {life}, {evidence}")
    return words.format(
        id=lock.name[:8],
        user=lock.user or "?",
        host=lock.host or "?",
        pid=lock.pid or "?",
        life=life_word(lock.life),
        evidence=lock.evidence,
    )
