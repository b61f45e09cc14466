"""Keys: the passwords that open a repository: further ones, another one, one less."""

from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content

from tui_backup.errors import BackupError
from tui_backup.model.upkeep import KeyInfo
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.storage.keyrings import (
    Keeping,
    add_password,
    change_password,
    described,
    keeping,
    keyring,
    remove_key,
)
from tui_backup.services.workspace import Workspace
from tui_backup.tui.dialogs.confirm import Question
from tui_backup.tui.upkeep.page import UpkeepPage
from tui_backup.tui.upkeep.password_dialog import NewPassword, PasswordDialog, PasswordWish
from tui_backup.tui.widgets.cells import Cell
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import UNKNOWN, day_and_time, exact

Looked = tuple[list[KeyInfo], Keeping]


class KeysPage(UpkeepPage):
    """The passwords of one repository."""

    CSS_PATH = "upkeep.tcss"
    HELP = _(
        "Each key is a password that opens the repository. The data is encrypted once, so that a further password "
        "costs nothing. Whoever has copied a key file and knows its password can read what is there, also after the "
        "key is removed. Without any password nothing can be restored: keep one somewhere else than on this host."
    )

    BINDINGS = [
        Binding("A", "add", _("Add"), id="keys.add", tooltip=_("Let a further password open the repository")),
        Binding("P", "change", _("Change password"), id="keys.change",
                tooltip=_("Replace the password in use by another")),
        Binding("D", "remove", _("Remove"), id="keys.remove",
                tooltip=_("Remove the key at hand: its password opens the repository no longer")),
    ]  # fmt: skip

    keeping: Keeping | None = None
    """Where the configured password is kept, once that is known."""

    def heading(self) -> str:
        return _("Keys of {repository}").format(repository=self.repository or UNKNOWN)

    def eligible(self) -> Sequence[str]:
        """Return the repositories that have keys; all of them where none has, for that to be said."""
        repositories = self.desk.workspace.config.repositories
        return tuple(name for name, each in repositories.items() if not each.holds_archives) or tuple(repositories)

    def body(self) -> ComposeResult:
        yield self.repository_choice()
        with Vertical(id="main"):
            with Vertical(classes="pane", id="list") as pane:
                pane.border_title = _("Keys")
                yield Listing[KeyInfo](
                    self._columns(), key=lambda key: key.id, empty=Remark(_("There is no key")), id="keys"
                )
            yield Facts(classes="pane", id="facts")

    def look(self) -> None:
        """Ask for the keys."""
        listing, name = self.query_one("#keys", Listing), self.repository
        self.query_one("#facts").display = False
        if name is None:
            listing.say(_("No repository is configured"))
            return
        listing.say(_("reading…"))

        def work() -> Looked:
            with self.desk.reading() as workspace:
                return keyring(workspace, name).found(), keeping(workspace, name)

        self.ask("keys", lambda _watch: work(), self._show, self._show_failure, about=name)

    def command_line(self) -> list[str] | None:
        return None if self.repository is None else ["key", "list", "-r", self.repository]

    def yanked(self) -> str | None:
        key = self._key
        return key.id if key else None

    @property
    def _key(self) -> KeyInfo | None:
        key: KeyInfo | None = self.query_one("#keys", Listing).row
        return key

    def _show(self, looked: Looked) -> None:
        keys, self.keeping = looked
        self.query_one("#keys", Listing).show(keys)
        self._moved()

    def _show_failure(self, error: BackupError) -> None:
        self.query_one("#keys", Listing).say(error.message, error.hint or "", failed=True)
        self.refresh_bindings()

    @on(Listing.Moved)
    def _moved(self) -> None:
        facts, key = self.query_one("#facts", Facts), self._key
        facts.display = key is not None
        if key is not None:
            facts.border_title = Content(printable(_("Key {id}").format(id=key.id[:8])))
            facts.show(self._facts(key))
        self.refresh_bindings()

    def _facts(self, key: KeyInfo) -> list[Fact]:
        made = _("by {user} on {host}, {time}")
        facts = [
            Fact(_("Key"), key.id),
            Fact(
                _("Made"),
                made.format(
                    user=key.user or UNKNOWN, host=key.host or UNKNOWN, time=exact(key.created, self.desk.zone)
                ),
            ),
        ]
        if key.trouble:
            facts.append(Fact(_("Trouble"), key.trouble, "bad"))
        if key.current and self.keeping is not None:
            words = _("by this configuration, as {key}").format(key=self.keeping.key)
            facts.append(Fact(_("In use"), words, "good"))
        return facts

    def _columns(self) -> list[Column[KeyInfo]]:
        return [
            Column(id="state", title=_("State"), cell=self._state, least=8),
            Column(id="id", title=_("Key"), cell=lambda key: key.id[:8]),
            Column(id="user", title=_("User"), cell=lambda key: key.user or UNKNOWN, most=16, rank=1),
            Column(id="host", title=_("Host"), cell=lambda key: key.host or UNKNOWN, grows=True),
            Column(
                id="created",
                title=_("Created"),
                cell=lambda key: day_and_time(key.created, self.desk.now(), self.desk.zone),
            ),
        ]

    def _state(self, key: KeyInfo) -> Cell:
        glyphs = self.desk.glyphs
        if key.trouble:
            return [(f"{glyphs.failed} " + _("unusable"), "error")]
        return [(f"{glyphs.ok} " + _("in use"), "ok")] if key.current else f"{glyphs.never} " + _("spare")

    def action_add(self) -> None:
        """Ask for a further password."""
        name = self.repository
        if name is not None:
            facts = (_("A further password opens the repository; those that do now go on doing so."),)
            self._ask_password(_("Add a password"), facts, _("Add"), None, partial(self._add, name))

    def action_change(self) -> None:
        """Ask for another password."""
        name = self.repository
        if name is not None:
            facts = (_("The new password is added and tried, then the one in use goes. No data is encrypted anew."),)
            do = partial(self._change, name)
            self._ask_password(_("Change the password"), facts, _("Change"), self.keeping, do)

    def action_remove(self) -> None:
        """Remove the key at hand, once somebody has agreed."""
        name, key = self.repository, self._key
        if name is None or key is None:
            return
        if key.current:
            self.tell(_("This key is in use; P changes its password"))
            return
        question = Question(
            title=_("Remove a key"),
            host=self.desk.workspace.host,
            target=name,
            facts=[_("Goes: {key}").format(key=described(name, key))],
            warnings=[_("whoever has copied the key file and knows its password can still open what was copied")],
            undo=_("This cannot be undone; the same password can be added again."),
            word=key.id[:8],
            action=_("Remove"),
        )
        self.agreed(question, partial(self._remove, name, key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what there is nothing for."""
        if action in {"add", "change"}:
            return bool(self.query_one("#keys", Listing).rows) or None
        if action == "remove":
            return (self._key is not None and not self._key.current) or None
        return super().check_action(action, parameters)

    def _ask_password(
        self, title: str, facts: tuple[str, ...], action: str, kept: Keeping | None, do: "partial[None]"
    ) -> None:
        assert self.repository is not None
        wish = PasswordWish(
            title=title,
            host=self.desk.workspace.host,
            repository=self.repository,
            facts=facts,
            action=action,
            keeping=kept,
        )

        def answered(password: NewPassword | None) -> None:
            if password is not None:
                do(password)

        self.app.push_screen(PasswordDialog(wish), answered)

    def _add(self, name: str, password: NewPassword) -> None:
        def work(workspace: Workspace) -> KeyInfo:
            return add_password(workspace, name, password.secret)

        title = _("add a password to {name}").format(name=name)
        self.carry_out(title, work, lambda key: self.tell(_("Key {id} added").format(id=key.id[:8])))

    def _change(self, name: str, password: NewPassword) -> None:
        def work(workspace: Workspace) -> KeyInfo:
            return change_password(workspace, name, password.secret, update_file=password.update_file)

        kept = self.keeping

        def done(_key: KeyInfo) -> None:
            if password.update_file and kept is not None:
                words = _("The password is another; {path} has it").format(path=kept.file)
            else:
                words = _("The password is another; now: {what}").format(what=kept.instruction if kept else "")
            self.tell(words)

        self.carry_out(_("change the password of {name}").format(name=name), work, done)

    def _remove(self, name: str, key: KeyInfo) -> None:
        title = _("remove a key of {name}").format(name=name)
        done = _("Key {id} removed").format(id=key.id[:8])
        self.carry_out(title, lambda workspace: remove_key(workspace, name, key), lambda _nothing: self.tell(done))
