"""NOTIFIERS: kind -> class of notifier."""

from tui_backup.notifiers.base import Notifier
from tui_backup.primitives.registry import Registry

NOTIFIERS: Registry[Notifier] = Registry("notifier", {})
