"""What the commands of `key` share: which repository, and how a key is told of."""

from tui_backup.cli.account import Deed
from tui_backup.cli.invocation import Invocation
from tui_backup.errors import UsageError
from tui_backup.model.upkeep import KeyInfo
from tui_backup.primitives.i18n import _


def chosen(invocation: Invocation, repository: str | None) -> str:
    """Return the repository that is meant; raises UsageError where that is not said and there are several."""
    known = list(invocation.workspace.config.repositories)
    if repository is None and len(known) == 1:
        return known[0]
    if repository is None:
        raise UsageError(
            _("say which repository: -r NAME"), hint=_("known: {names}").format(names=", ".join(known) or "-")
        )
    return repository


def deed(repository: str, key: KeyInfo, detail: str) -> Deed:
    """Return what became of a key."""
    facts = {
        "repository": repository, "current": key.current, "user": key.user, "host": key.host, "created": key.created,
    }  # fmt: skip
    shown = _("{name}: key {id}").format(name=repository, id=key.id[:8])
    return Deed(what="key", object=key.id, detail=detail, shown=shown, facts=facts)
