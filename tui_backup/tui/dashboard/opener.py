"""A listing whose rows lead into a snapshot."""

from typing import Generic

from textual.binding import Binding

from tui_backup.primitives.i18n import _
from tui_backup.tui.places import Browser, is_built
from tui_backup.tui.widgets.columns import RowT
from tui_backup.tui.widgets.listing import Listing


class SnapshotOpener(Listing[RowT], Generic[RowT]):
    """Enter looks into the snapshot at hand."""

    BINDINGS = [
        Binding("enter", "choose", _("Browse"), key_display="enter", id="dashboard.browse",
                tooltip=_("Look into this snapshot")),
    ]  # fmt: skip

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Offer to look into a snapshot where there is a page for that."""
        if action == "choose":
            return is_built(Browser) and self.row is not None
        return super().check_action(action, parameters)
