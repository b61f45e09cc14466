"""Words: what the fixed words of the data are called where people read them. JSON has the fixed words themselves."""

from tui_backup.primitives.i18n import _, pgettext


def status_word(status: str) -> str:
    """Return how a run or a snapshot stands, in one word."""
    words = {
        "running": _("running"),
        "ok": _("ok"),
        "incomplete": _("incomplete"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
    }
    return words.get(status, status)


def verb_word(verb: str) -> str:
    """Return what a run does, in one word; in English it is the name of the command."""
    words = {
        "run": pgettext("what a run does", "run"),
        "restore": pgettext("what a run does", "restore"),
        "verify": pgettext("what a run does", "verify"),
        "prune": pgettext("what a run does", "prune"),
        "copy": pgettext("what a run does", "copy"),
        "repair": pgettext("what a run does", "repair"),
        "undo-restore": pgettext("what a run does", "undo-restore"),
    }
    return words.get(verb, verb)


def kind_word(kind: str) -> str:
    """Return what made a snapshot, in one word; labels that users gave are left as they are."""
    words = {
        "manual": _("manual"),
        "scheduled": _("scheduled"),
        "pre-operation": _("pre-operation"),
        "safety": _("safety"),
    }
    return words.get(kind, kind)


def integrity_word(integrity: str) -> str:
    """Return what is known of the integrity of a snapshot, in one word."""
    words = {"unverified": _("unverified"), "ok": _("ok"), "damaged": _("damaged")}
    return words.get(integrity, integrity)
