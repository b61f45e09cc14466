"""`daemon`: run what is due in the foreground, for systemd."""

import os
import signal

import click

from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.scheduled import complain
from tui_backup.config.load import load_config
from tui_backup.primitives.i18n import _
from tui_backup.primitives.service_manager import ServiceManager
from tui_backup.services.bus import EventBus
from tui_backup.services.unattended.daemon import Ask, Daemon
from tui_backup.services.unattended.ended import Ended


@click.command(
    short_help=_("Run what is due, for as long as it is left to."),
    help=_(
        "Run what is due in the foreground, for as long as it is left to: a service of systemd (Type=notify).\n\n"
        "SIGHUP has it read the configuration again, SIGTERM cancels what goes on and ends it."
    ),
)
@pass_invocation
def command(invocation: Invocation) -> int:
    def told(what: Ended | str) -> None:
        if isinstance(what, str):
            invocation.warn(what)
        else:
            complain(invocation, what)

    bus = EventBus()
    daemon = Daemon(lambda: load_config(invocation.config), ServiceManager(os.environ), bus, told)
    code = 0

    def stop(number: int, _frame: object) -> None:
        nonlocal code
        code = 130 if number == signal.SIGINT else 0
        daemon.ask(Ask.STOP)

    signal.signal(signal.SIGHUP, lambda *_: daemon.ask(Ask.RELOAD))
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with following(invocation, bus, only_asked=True):
        daemon.run()
    return code
