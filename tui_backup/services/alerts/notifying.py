"""Notifying: a notifier is tried when somebody asks for it."""

from collections.abc import Callable
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.settings import NotifierConfig
from tui_backup.errors import BackupError, UsageError
from tui_backup.model.notice import Notice
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.services.alerts import notices

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a notice that was sent for a try."""

    notifier: str
    place: str
    """Where it leads, as far as that is no secret."""
    notice: Notice
    error: BackupError | None
    """Why it was not delivered; None: it was."""


def try_notifier(
    workspace: "Workspace", name: str, clock: Callable[[], datetime] = now, *, drafted: NotifierConfig | None = None
) -> Trial:
    """Send a test notice by the notifier of that name, once and now; raises UsageError where there is none.

    `drafted` is how it is going to be, where that is not in force yet. What waits for it, after it could not be
    reached, goes out with the next look once this was delivered.
    """
    configured = drafted or notifier_named(workspace, name)
    notice = notices.test_notice(name, host=workspace.host, time=clock())
    error: BackupError | None = None
    try:
        configured.notifier.send(notice)
    except BackupError as failure:
        error = failure
    else:
        workspace.history.note_received(name)
    return Trial(notifier=name, place=configured.notifier.describe(), notice=notice, error=error)


def notifier_named(workspace: "Workspace", name: str) -> NotifierConfig:
    """Return a notifier; raises UsageError, with the known names, where there is none of that name."""
    known = workspace.config.notifiers
    if name in known:
        return known[name]
    close = get_close_matches(name, known, 1)
    hint = _("known: {names}").format(names=", ".join(known) or "-")
    if close:
        hint = _("did you mean {word}?").format(word=close[0])
    raise UsageError(_("there is no notifier {name!r} in the configuration").format(name=name), hint=hint)
