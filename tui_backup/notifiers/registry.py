"""NOTIFIERS: kind -> class of notifier."""

from tui_backup.notifiers.base import Notifier
from tui_backup.primitives.registry import Registry

NOTIFIERS: Registry[Notifier] = Registry(
    "notifier",
    {
        "webhook": "tui_backup.notifiers.webhook:WebhookNotifier",
        "email": "tui_backup.notifiers.email:EmailNotifier",
        "ntfy": "tui_backup.notifiers.ntfy:NtfyNotifier",
        "ping": "tui_backup.notifiers.ping:PingNotifier",
        "command": "tui_backup.notifiers.command:CommandNotifier",
        "apprise": "tui_backup.notifiers.apprise:AppriseNotifier",
    },
)
