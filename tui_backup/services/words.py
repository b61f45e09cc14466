"""Words: what the fixed words of the data are called where people read them. JSON has the fixed words themselves."""

from tui_backup.model.entry import EntryKind
from tui_backup.model.schedule import SCHEDULED, Trigger, What
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
        "export": pgettext("what a run does", "export"),
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


def what_word(trigger: Trigger) -> str:
    """Return what is done, with the label of backups that have one: `backup weekly`."""
    words = {What.BACKUP: _("backup"), What.VERIFY: _("verify"), What.PRUNE: _("prune")}
    word = words[trigger.what]
    if trigger.label in {None, SCHEDULED}:
        return word
    return _("{what} {label}").format(what=word, label=trigger.label)


def entry_word(kind: EntryKind) -> str:
    """Return what a thing in a snapshot is, in one word."""
    return {
        EntryKind.FILE: _("file"),
        EntryKind.DIR: _("dir"),
        EntryKind.SYMLINK: _("link"),
        EntryKind.BLOCK: _("device"),
        EntryKind.CHAR: _("device"),
        EntryKind.FIFO: _("fifo"),
        EntryKind.SOCKET: _("socket"),
    }[kind]


def integrity_word(integrity: str) -> str:
    """Return what is known of the integrity of a snapshot, in one word."""
    words = {"unverified": _("unverified"), "ok": _("ok"), "damaged": _("damaged")}
    return words.get(integrity, integrity)


def action_word(action: str) -> str:
    """Return what a restore, or the undo of one, does with a path."""
    words = {
        "new": _("new"),
        "overwrite": _("overwrite"),
        "metadata": _("metadata"),
        "skip": _("skip"),
        "keep": _("keep"),
        "refuse": _("refuse"),
        "delete": _("delete"),
    }
    return words.get(action, action)


def damage_word(kind: str) -> str:
    """Return what a problem that was found in a repository is about."""
    words = {
        "config": _("config"),
        "key": _("key"),
        "index": _("index"),
        "pack-missing": _("pack-missing"),
        "pack-size": _("pack-size"),
        "pack-damaged": _("pack-damaged"),
        "pack-unlisted": _("pack-unlisted"),
        "blob-missing": _("blob-missing"),
        "blob-damaged": _("blob-damaged"),
        "tree": _("tree"),
        "snapshot": _("snapshot"),
    }
    return words.get(kind, kind)


def repair_kind_word(kind: str) -> str:
    """Return what a repair mends; in English it is the name of the command."""
    words = {"index": _("index"), "packs": _("packs"), "snapshots": _("snapshots")}
    return words.get(kind, kind)


def repair_word(step: str) -> str:
    """Return what a step of a repair does."""
    words = {
        "list-pack": _("list-pack"),
        "replace-index": _("replace-index"),
        "move-pack": _("move-pack"),
        "fetch-blobs": _("fetch-blobs"),
        "read-file": _("read-file"),
        "replace-pack": _("replace-pack"),
        "remove-pack": _("remove-pack"),
        "drop-pack": _("drop-pack"),
        "rewrite-snapshot": _("rewrite-snapshot"),
    }
    return words.get(step, step)


def setup_word(what: str) -> str:
    """Return what a step of the setup looks after."""
    words = {
        "configuration": _("configuration"),
        "state": _("state"),
        "password": _("password"),
        "repository": _("repository"),
    }
    return words.get(what, what)
