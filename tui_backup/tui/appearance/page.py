"""The page of themes: each is worn while the cursor stands on it; Enter keeps it, Escape takes the former one again."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.setup.theme_choice import keep_theme
from tui_backup.services.workspace import Workspace
from tui_backup.tui import themes
from tui_backup.tui.appearance.sample import Sample
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import Place
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark

REST_S = 0.08
"""How long the cursor stands on a theme before it is worn: moving on stays smooth."""


@dataclass(frozen=True)
class Offer:
    """A theme that can be worn."""

    name: str
    title: str


class ThemesPage(Page):
    """Themes, with a live preview."""

    CSS_PATH = "appearance.tcss"
    HELP = _(
        "Everything is shown in the theme under the cursor. Enter keeps it, and writes its name into the "
        "configuration; Escape takes the former one again. Your own themes are TOML files in `themes` beside the "
        "configuration: copy one of the shipped ones and change it."
    )
    BINDINGS = [
        Binding("enter", "keep", _("Keep"), key_display="enter", priority=True, id="themes.keep",
                tooltip=_("Keep this theme, for the next time too")),
        Binding("y", "yank", _("Copy"), show=False, id="themes.yank", tooltip=_("Copy the name of the theme")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self._former: str | None = None
        self._rest: Timer | None = None

    def heading(self) -> str:
        return _("Themes")

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="offers"):
                yield Listing[Offer](
                    [
                        Column(id="title", title=_("Theme"), cell=lambda offer: offer.title, grows=True, least=20),
                        Column(id="name", title=_("Name"), cell=lambda offer: [(offer.name, "dim")], most=24, rank=1),
                    ],
                    key=lambda offer: offer.name,
                    empty=Remark(""),
                    id="themes",
                )
                yield Static("", id="place", classes="quiet", markup=False)
            yield Sample(self.desk.glyphs, id="sample")

    def on_mount(self) -> None:
        """Look for themes; the user may have made one since the start."""
        self._former = self.app.theme
        path = self.desk.workspace.config.path if self.desk.is_configured else None
        told = [_("Your own: {path}").format(path=printable(str(themes.own(path))))]
        if "NO_COLOR" in os.environ:
            told.append(_("NO_COLOR is set: no theme has colours."))
        self.query_one("#place", Static).update("\n".join(told))
        self.ask("themes", lambda _watch: themes.collected(path), self._show)

    def command_line(self) -> Sequence[str] | None:
        return ["config", "edit"] if self.desk.is_configured else None

    def yanked(self) -> str | None:
        offer = self._offer
        return offer.name if offer else None

    def action_leave(self) -> None:
        """Go back, in the theme that was worn before."""
        self._drop_rest()
        if self._former is not None:
            self.app.theme = self._former
        self.dismiss()

    def action_keep(self) -> None:
        """Keep the theme at hand."""
        offer = self._offer
        if offer is None:
            return
        self._drop_rest()
        self._former = self.app.theme = offer.name
        if not self.desk.is_configured:
            self.notify(_("Kept until you leave: there is no configuration yet"))
            self.dismiss()
            return
        workspace = self.desk.workspace
        self.ask("keep", lambda _watch: keep_theme(workspace, offer.name), self._kept, self._not_kept)

    @property
    def _offer(self) -> Offer | None:
        offer: Offer | None = self.query_one("#themes", Listing).row
        return offer

    def _show(self, found: themes.Collection) -> None:
        for name, file in found.themes.items():
            self.app.register_theme(file.theme(name))
        for complaint in found.complaints:
            self.notify(printable(complaint), severity="warning", markup=False)
        listing = self.query_one("#themes", Listing)
        listing.show([Offer(name, _(file.title) if file.title else name) for name, file in found.themes.items()])
        listing.go_to(self.app.theme)

    @on(Listing.Moved)
    def _moved(self) -> None:
        self._drop_rest()
        self._rest = self.set_timer(REST_S, self._wear)

    def _wear(self) -> None:
        offer = self._offer
        if offer is not None and self.is_current:
            self.app.theme = offer.name

    def _drop_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
            self._rest = None

    def _kept(self, workspace: Workspace) -> None:
        self.desk.renew(workspace)
        self.notify(_("Kept in {path}").format(path=printable(workspace.config.path)), markup=False)
        self.dismiss()

    def _not_kept(self, error: BackupError) -> None:
        """The theme stays for now, and somebody knows why not for longer."""
        self.complain(error)
        self.notify(_("Kept until you leave: the configuration was not changed"), severity="warning")
