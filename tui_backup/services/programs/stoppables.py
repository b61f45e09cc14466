"""Stoppables: how a unit, a container, or what two commands stop and start is asked, stopped and started again."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from tui_backup.errors import HookFailed
from tui_backup.model.hook import Stoppable
from tui_backup.primitives.i18n import _
from tui_backup.services.programs.beside import Beside

if TYPE_CHECKING:
    from tui_backup.primitives.programs import Ended

ASKING_TIMEOUT_S = 60

_OF_DOCKER: Final = (
    "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "CONTAINER_HOST",
)  # fmt: skip
_UNIT_RUNS: Final = {"active", "activating", "reloading", "refreshing"}
_CONTAINER_RUNS: Final = {"running", "restarting"}
_CONTAINER_STANDS: Final = {
    "created", "paused", "removing", "exited", "dead",
    "configured", "initialized", "stopping", "stopped",
}  # fmt: skip

_CONTAINER: Final = "{{.State.Status}}{{if .HostConfig.AutoRemove}} --rm{{end}}"

Answer = Callable[[str, "Ended", list[str]], bool]
"""Tells from the name, the end and the lines of a program whether something runs; raises HookFailed if it does not."""


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """The programs for one thing."""

    stop: tuple[str, ...]
    start: tuple[str, ...]
    status: tuple[str, ...] = ()
    """Empty: nobody can know whether it runs."""
    answer: Answer
    variables: dict[str, str] = {}
    goes_on: bool = False
    """Whether it may come to a stop after its stop command was ended, whatever is started meanwhile."""


def shown(what: Stoppable) -> str:
    """Return what something is called, as the configuration has it; commands have no name for what they stop."""
    if what.kind == "command":
        return _("what `{command}` stops").format(command=what.name)
    return f"{what.kind}:{what.name}"


def is_running(what: Stoppable, beside: Beside, *, is_cancellable: bool = True) -> bool:
    """Whether something runs; True where nobody can know.

    Raises:
        HookFailed: it is not there, or cannot be asked.
        Cancelled: somebody asked for that.
    """
    control = control_of(what)
    if not control.status:
        return True
    lines = list[str]()
    ended = beside.carry_out(
        control.status, ASKING_TIMEOUT_S, control.variables, is_cancellable=is_cancellable, heard=lines.append
    )
    return control.answer(shown(what), ended, lines)


def can_be_asked(what: Stoppable) -> bool:
    """Whether somebody can know if it runs."""
    return bool(control_of(what).status)


def stop(what: Stoppable, beside: Beside, held: int | None = None) -> None:
    """Have something stand still; raises HookFailed if it does not, Cancelled if somebody asked for that.

    Whatever becomes of this process, `held` stays open until the command has ended.
    """
    control = control_of(what)
    ended = beside.carry_out(control.stop, what.timeout_s, control.variables, held=held)
    if not ended.went_well:
        text = _("{name} could not be stopped: its command {verdict}")
        raise HookFailed(text.format(name=shown(what), verdict=ended.verdict), hint=_("nothing was read"))


def start(what: Stoppable, beside: Beside) -> None:
    """Have something run again; nobody can cancel that. Raises HookFailed if it does not."""
    control = control_of(what)
    with suppress(HookFailed):
        if control.goes_on and is_running(what, beside, is_cancellable=False):
            beside.carry_out(control.stop, what.timeout_s, control.variables, is_cancellable=False)
    ended = beside.carry_out(control.start, what.timeout_s, control.variables, is_cancellable=False)
    if not ended.went_well:
        text = _("{name} could not be started again: its command {verdict}")
        raise HookFailed(text.format(name=shown(what), verdict=ended.verdict), hint=_("start it by hand"))


def control_of(what: Stoppable) -> Control:
    """Return the programs for something."""
    return _CONTROLS[what.kind](what)


def _systemd(what: Stoppable) -> Control:
    """Return what systemctl is told: the system's, or the user's own instance where the user is not root."""
    systemctl = ("systemctl",) if os.geteuid() == 0 else ("systemctl", "--user")
    runtime = f"/run/user/{os.geteuid()}"
    has_runtime = "XDG_RUNTIME_DIR" in os.environ or not os.path.isdir(runtime)
    return Control(
        status=(*systemctl, "show", "--property=LoadState,ActiveState,CanStart", "--", what.name),
        stop=(*systemctl, "stop", "--", what.name),
        start=(*systemctl, "start", "--", what.name),
        answer=_of_unit,
        variables={} if has_runtime else {"XDG_RUNTIME_DIR": runtime},
    )


def _docker(what: Stoppable) -> Control:
    docker = "docker" if shutil.which("docker") or not shutil.which("podman") else "podman"
    return Control(
        status=(docker, "inspect", "--type=container", f"--format={_CONTAINER}", what.name),
        stop=(docker, "stop", what.name),
        start=(docker, "start", what.name),
        answer=_of_container,
        variables={name: os.environ[name] for name in _OF_DOCKER if name in os.environ},
        goes_on=True,
    )


def _command(what: Stoppable) -> Control:
    return Control(status=what.status, stop=what.stop, start=what.start, answer=_of_command)


_CONTROLS: Final = {"systemd": _systemd, "docker": _docker, "command": _command}


def _of_unit(name: str, ended: "Ended", lines: list[str]) -> bool:
    """Read `LoadState=loaded` and `ActiveState=active`; systemctl ends with 0 for units that are not there, too."""
    facts = dict(line.split("=", 1) for line in lines if "=" in line)
    if not ended.went_well or "ActiveState" not in facts:
        raise _unanswered(name, ended)
    is_up = facts["ActiveState"] in _UNIT_RUNS
    if is_up and facts.get("CanStart") == "no":
        text = _("{name} runs, but systemd would not start it again once it is stopped: its unit is {state}")
        state = facts.get("LoadState", "")
        raise HookFailed(text.format(name=name, state=state), hint=_("look with: systemctl status"))
    if facts.get("LoadState") == "not-found" and not is_up:
        raise HookFailed(_("there is no unit {name}").format(name=name), hint=_("look with: systemctl list-units"))
    return is_up


def _of_container(name: str, ended: "Ended", lines: list[str]) -> bool:
    """Read the state that `inspect` tells, in docker's words or podman's: what is paused does nothing, and stays so."""
    states = [words for line in lines if (words := line.split()) and words[0] in _CONTAINER_RUNS | _CONTAINER_STANDS]
    if not ended.went_well and any("no such container" in line.lower() for line in lines):
        raise HookFailed(_("there is no container {name}").format(name=name), hint=_("look with: docker ps --all"))
    if not ended.went_well or not states:
        raise _unanswered(name, ended)
    state, *options = states[-1]
    if state in _CONTAINER_RUNS and options:
        text = _("{name} was started with --rm: who stops it deletes it, so it cannot be started again")
        raise HookFailed(text.format(name=name), hint=_("start it without --rm, or take it out of `stop`"))
    return state in _CONTAINER_RUNS


def _of_command(name: str, ended: "Ended", _lines: list[str]) -> bool:
    if ended.code is None or ended.code < 0:
        raise _unanswered(name, ended)
    return ended.went_well


def _unanswered(name: str, ended: "Ended") -> HookFailed:
    text = _("cannot know whether {name} runs: the command that says so {verdict}")
    return HookFailed(text.format(name=name, verdict=ended.verdict), hint=_("nothing was stopped"))
