"""What the configuration may say one day, and what this version cannot do about it yet."""

from tui_backup.primitives.i18n import _


def top_keys() -> dict[str, str]:
    """Return key -> what this version cannot do, for the keys before the first table."""
    return {}


def job_keys() -> dict[str, str]:
    """Return key -> what this version cannot do, for `[jobs.NAME]`."""
    return {}


def sources() -> dict[str, str]:
    """Return kind of source -> what this version cannot do."""
    return dict.fromkeys(("postgres", "mysql", "mongodb", "sqlite"), _("back up databases"))
