"""What a job does by itself: schedules, hooks and what stands still, from what a file says to settings, and back."""

import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from tui_backup.config.schema import JobTable
from tui_backup.model.hook import HOOK_TIMEOUT_S, STOPPING_TIMEOUT_S, Hook, Hooks, Stoppable
from tui_backup.model.schedule import SCHEDULED, Retry, Schedule, Timing, VerifySubset
from tui_backup.primitives.i18n import _
from tui_backup.primitives.schedule import check_line
from tui_backup.primitives.units import format_duration, parse_duration, parse_percent

T = TypeVar("T")

_LABEL: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_RESERVED: Final = ("manual", "pre-operation", "safety")
_MOST_ATTEMPTS: Final = 100
_REQUIREMENTS: Final = ("ac-power", "network")
_STOPPABLES: Final = ("systemd", "docker")


def timing_of(table: JobTable) -> Timing:
    """Return when a job does what.

    Raises:
        ValueError: a key is wrong; the message is `key: reason`.
    """
    return Timing(
        schedules=_blaming("schedule", _schedules, table.schedule),
        delay_s=_blaming("delay", parse_duration, table.delay) if table.delay else 0,
        catch_up=table.catch_up,
        retry=_blaming("retry", _retry, table.retry),
        prune=_blaming("prune", _line, table.prune),
        verify=_blaming("verify", _line, table.verify),
        verify_subset=_blaming("verify_subset", _subset, table.verify_subset),
        require=_blaming("require", _requirements, table.require),
    )


def hooks_of(table: JobTable) -> Hooks:
    """Return the programs that run beside a job; raises ValueError as `timing_of`."""
    return Hooks(
        before=_blaming("before", _hooks, table.before),
        after=_blaming("after", _hooks, table.after),
        on_failure=_blaming("on_failure", _hooks, table.on_failure),
    )


def stoppables_of(table: JobTable) -> tuple[Stoppable, ...]:
    """Return what stands still while a job reads; raises ValueError as `timing_of`."""
    return _blaming("stop", lambda given: tuple(map(_stoppable, given)), table.stop)


def unattended_table(timing: Timing, hooks: Hooks, stop: Sequence[Stoppable]) -> dict[str, Any]:
    """Return all of that as a file has it; what says nothing is left out."""
    plain = Timing()
    shown: dict[str, Any] = {
        "schedule": _shown_schedules(timing.schedules),
        "delay": format_duration(timing.delay_s) if timing.delay_s else None,
        "catch_up": timing.catch_up if timing.schedules else None,
        "retry": None if timing.retry == plain.retry else _shown_retry(timing.retry),
        "prune": timing.prune,
        "verify": timing.verify,
        "verify_subset": f"1/{timing.verify_subset.of}" if timing.verify_subset.of > 1 else None,
        "require": list(timing.require),
        "before": [_shown_hook(hook) for hook in hooks.before],
        "after": [_shown_hook(hook) for hook in hooks.after],
        "on_failure": [_shown_hook(hook) for hook in hooks.on_failure],
        "stop": [_shown_stoppable(each) for each in stop],
    }
    return {name: value for name, value in shown.items() if value is not None and value != []}


def _blaming(key: str, parse: Callable[[Any], T], value: Any) -> T:
    try:
        return parse(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _line(given: str | None) -> str | None:
    if given is not None:
        check_line(given)
    return given


def _schedules(given: str | list[Any] | None) -> tuple[Schedule, ...]:
    if given is None:
        return ()
    made = tuple(map(_schedule, [given] if isinstance(given, str) else given))
    if not made:
        raise ValueError(_("leave it out where there is none"))
    if len(set(made)) < len(made):
        raise ValueError(_("one of them stands there twice"))
    return made


def _schedule(given: Any) -> Schedule:
    match given:
        case str():
            check_line(given)
            return Schedule(at=given)
        case {"at": str(at)} if len(given) == 1:
            check_line(at)
            return Schedule(at=at)
        case {"at": str(at), "label": str(label)} if len(given) == 2:
            check_line(at)
            if not _LABEL.fullmatch(label) or label in _RESERVED:
                raise ValueError(_("{label!r} cannot be a label").format(label=label))
            return Schedule(at=at, label=label)
    raise ValueError(_('write "0 2 * * *", or a list of {{ at = "0 2 * * *", label = "nightly" }}').format())


def _retry(given: dict[str, Any] | None) -> Retry:
    plain = Retry()
    match given or {}:
        case {"attempts": int(attempts), "wait": str(wait)} if len(given or {}) == 2:
            retry = Retry(attempts=attempts, wait_s=parse_duration(wait))
        case {"attempts": int(attempts)} if len(given or {}) == 1:
            retry = Retry(attempts=attempts)
        case {} if not given:
            retry = plain
        case _:
            raise ValueError(_('write {{ attempts = 3, wait = "10m" }}').format())
    if not 1 <= retry.attempts <= _MOST_ATTEMPTS:
        raise ValueError(_("attempts must be 1 to {most}").format(most=_MOST_ATTEMPTS))
    return retry


def _subset(given: str | None) -> VerifySubset:
    if given is None:
        return VerifySubset(of=1)
    one, slash, of = given.partition("/")
    if slash and one == "1" and of.isascii() and of.isdecimal() and 1 <= int(of) <= 1000:
        return VerifySubset(of=int(of))
    if not slash and (share := parse_percent(given)) > 0:
        return VerifySubset(of=max(1, round(100 / share)))
    raise ValueError(_("write 1/7, so that seven runs read everything, or a share such as 5%"))


def _requirements(given: list[str]) -> tuple[str, ...]:
    for each in given:
        if each not in _REQUIREMENTS and not (each.startswith("path:/") and len(each) > len("path:/")):
            raise ValueError(_("{word!r} is none of ac-power, network, path:/mnt/usb").format(word=each))
    return tuple(given)


def _hooks(given: list[Any]) -> tuple[Hook, ...]:
    return tuple(map(_hook, given))


def _hook(given: Any) -> Hook:
    match given:
        case list() if _is_argv(given):
            return Hook(argv=tuple(given))
        case {"command": list(argv)} if len(given) == 1 and _is_argv(argv):
            return Hook(argv=tuple(argv))
        case {"command": list(argv), "timeout": str(timeout)} if len(given) == 2 and _is_argv(argv):
            return Hook(argv=tuple(argv), timeout_s=_timeout(timeout))
    raise ValueError(
        _('each is a list such as ["/usr/local/bin/flush", "all"], or {{ command = [...], timeout = "5m" }}').format()
    )


def _stoppable(given: Any) -> Stoppable:
    if isinstance(given, str):
        kind, _colon, name = given.partition(":")
        if kind in _STOPPABLES and name and not name.startswith("-") and name.isprintable() and " " not in name:
            return Stoppable(kind=kind, name=name)
    elif isinstance(given, dict) and {"stop", "start"} <= given.keys() <= {"stop", "start", "status", "timeout"}:
        commands = {name: given.get(name, []) for name in ("stop", "start", "status")}
        if all(_is_argv(argv) for name, argv in commands.items() if name in given):
            return Stoppable(
                kind="command",
                name=shlex.join(commands["stop"]),
                stop=tuple(commands["stop"]),
                start=tuple(commands["start"]),
                status=tuple(commands["status"]),
                timeout_s=_timeout(given["timeout"]) if "timeout" in given else STOPPING_TIMEOUT_S,
            )
    raise ValueError(
        _('each is "systemd:UNIT", "docker:CONTAINER", or {{ stop = ["program"], start = ["program"] }}').format()
    )


def _timeout(given: Any) -> int:
    seconds = parse_duration(given) if isinstance(given, str) else 0
    if not seconds:
        raise ValueError(_("a time-out is a duration such as 5m"))
    return seconds


def _is_argv(words: Any) -> bool:
    return isinstance(words, list) and bool(words) and bool(words[0]) and all(isinstance(each, str) for each in words)


def _shown_schedules(schedules: Sequence[Schedule]) -> Any:
    if not schedules:
        return None
    if len(schedules) == 1 and schedules[0].label == SCHEDULED:
        return schedules[0].at
    return [{"at": each.at, "label": each.label} for each in schedules]


def _shown_retry(retry: Retry) -> dict[str, Any]:
    return {"attempts": retry.attempts, "wait": format_duration(retry.wait_s)}


def _shown_hook(hook: Hook) -> Any:
    argv = list(hook.argv)
    return argv if hook.timeout_s == HOOK_TIMEOUT_S else {"command": argv, "timeout": format_duration(hook.timeout_s)}


def _shown_stoppable(each: Stoppable) -> Any:
    if each.kind != "command":
        return f"{each.kind}:{each.name}"
    shown: dict[str, Any] = {"stop": list(each.stop), "start": list(each.start)}
    if each.status:
        shown["status"] = list(each.status)
    if each.timeout_s != STOPPING_TIMEOUT_S:
        shown["timeout"] = format_duration(each.timeout_s)
    return shown
