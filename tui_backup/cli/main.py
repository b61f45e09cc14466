"""The program: global options, the list of commands, exit codes."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import NoReturn, TextIO, cast

import click

from tui_backup import __version__
from tui_backup.cli import narration, output
from tui_backup.cli.invocation import Invocation
from tui_backup.cli.lazy import LazyGroup
from tui_backup.cli.translated_click import translate_click
from tui_backup.errors import BackupError, Cancelled, UsageError
from tui_backup.primitives.i18n import ENGLISH, _, only

translate_click()

LATER = ("prove", "serve")


def command_lines() -> Mapping[str, str]:
    """Return every command with its line of help."""
    return {
        "init": _("Make what is missing: configuration, password file, repositories."),
        "run": _("Back up jobs."),
        "status": _("Show how the jobs are doing, from the record alone."),
        "list": _("List snapshots."),
        "ls": _("List what a snapshot holds."),
        "find": _("Find files in snapshots."),
        "diff": _("Show what changed between two snapshots."),
        "dump": _("Write a file, or a directory as tar, to standard output."),
        "versions": _("Show the versions of a file over time."),
        "restore": _("Bring files back."),
        "undo-restore": _("Undo a restore in place."),
        "export": _("Write a snapshot, or part of it, as a plain archive."),
        "copy": _("Copy snapshots to another repository."),
        "verify": _("Prove that snapshots can be restored."),
        "repair": _("Mend a damaged repository."),
        "tag": _("Give a snapshot tags, or take them away; pin keeps it."),
        "forget": _("Remove snapshots by name."),
        "prune": _("Forget what no policy keeps, and reclaim space."),
        "key": _("Manage the passwords of a repository."),
        "unlock": _("Remove locks whose owner is gone."),
        "schedule": _("Show what runs by itself; have cron or systemd run it."),
        "daemon": _("Run what is due, for as long as it is left to."),
        "history": _("Show past runs."),
        "acknowledge": _("Say that you have looked at what is wrong with a job."),
        "notify": _("Try who is told when something is wrong."),
        "audit": _("Show who changed or read back data."),
        "runs": _("Show the runs going on now."),
        "attach": _("Follow a run that is going on."),
        "cancel": _("Ask a run to stop."),
        "config": _("Check, show and change the configuration."),
        "completion": _("Print the completion script of a shell."),
    }


@click.group(
    cls=LazyGroup,
    package="tui_backup.cli.commands",
    lines=command_lines,
    later=LATER,
    aliases={"download": "export"},
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Back up the data of a server, and get it back."),
)
@click.option("-c", "--config", metavar="FILE", help=_("Use this configuration file."))
@click.option("-q", "--quiet", is_flag=True, help=_("Say nothing but errors."))
@click.option("-v", "--verbose", is_flag=True, help=_("Say more: how far a run is, every path of a restore."))
@click.option("--json", "as_json", is_flag=True, help=_("Write JSON instead of text."))
@click.option("--no-color", is_flag=True, help=_("Use no colours."))
@click.option("--run-scheduled", is_flag=True, help=_("Run what is due, and say nothing if all is well: for cron."))
@click.version_option(__version__, prog_name="tui-backup", message="%(prog)s %(version)s")
@click.pass_context
def cli(  # noqa: PLR0913, PLR0917 - an argument for each option of the program
    ctx: click.Context,
    config: str | None,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    no_color: bool,
    run_scheduled: bool,
) -> None:
    """Note the global options; a command follows."""
    invocation = ctx.ensure_object(Invocation)
    invocation.config = config
    invocation.quiet, invocation.verbose = quiet, verbose
    invocation.json = invocation.json or as_json
    if no_color:
        narration.without_color()
    if run_scheduled and ctx.invoked_subcommand is not None:
        raise UsageError(_("--run-scheduled stands alone, without a command"))
    if run_scheduled:
        from tui_backup.cli.scheduled import run_scheduled as run_what_is_due

        ctx.exit(run_what_is_due(invocation))
    if ctx.invoked_subcommand is None:
        from tui_backup.cli.interface import open_interface

        ctx.exit(open_interface(invocation))


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say; return the exit code. Programs that ask for JSON are answered in English."""
    invocation = Invocation(json="--json" in arguments)
    with only(ENGLISH) if invocation.json else nullcontext():
        return _run(invocation, arguments)


def _run(invocation: Invocation, arguments: Sequence[str]) -> int:
    """Do what the arguments say; return the exit code. The one place where every exception ends."""
    try:
        with invocation:
            _listen(invocation)
            code = cli.main(list(arguments), prog_name="tui-backup", standalone_mode=False, obj=invocation)
            output.flush()
            if invocation.output_failure is not None:
                raise invocation.output_failure
            return code if isinstance(code, int) else 0
    except BackupError as error:
        return invocation.fail(error)
    except click.ClickException as error:
        return invocation.fail(_usage(error))
    except (KeyboardInterrupt, click.Abort) as error:
        if isinstance(error, click.Abort) and not invocation.json:
            narration.say("")
        return invocation.fail(Cancelled(_("cancelled")))
    except BrokenPipeError:
        output.close_pipe()
        return 1
    except Exception as error:  # noqa: BLE001 - nobody ever sees a traceback
        return invocation.fail(invocation.unexpected(error))


def main() -> NoReturn:
    """Run the program."""
    _open_streams()
    code = run(sys.argv[1:])
    output.end()
    sys.exit(code)


def _open_streams() -> None:
    """Put the null device where a standard stream was closed, lest a file of ours gets its number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or _stream(0, "r")
    sys.stdout = sys.stdout or _stream(1, "w")
    sys.stderr = sys.stderr or _stream(2, "w")


def _stream(descriptor: int, mode: str) -> TextIO:
    return cast(TextIO, open(descriptor, mode, encoding="utf-8", closefd=False))


def _listen(invocation: Invocation) -> None:
    """Make SIGTERM stop like Ctrl+C, and SIGUSR1 print how far a run is."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    def show(*_: object) -> None:
        if invocation.progress is not None:
            invocation.progress.say_line()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, show)


def _usage(error: click.ClickException) -> UsageError:
    message = error.format_message().strip().rstrip(".")
    lower = message[:1].lower() + message[1:] if message[1:2].islower() else message
    place = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "tui-backup"
    return UsageError(lower, hint=_("see {command} --help").format(command=place))
