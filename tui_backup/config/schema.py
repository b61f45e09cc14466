"""What the tables of a configuration file may hold, key by key, and what people are told of each."""

from typing import Annotated, Any, Literal

import msgspec

from tui_backup.formats.base import DEFAULT_NAME
from tui_backup.formats.registry import ARCHIVES
from tui_backup.model.notice import Topic
from tui_backup.primitives.about import About, about_of
from tui_backup.primitives.i18n import N_
from tui_backup.primitives.secret import SecretSource

_RESTIC = ("restic",)


class TopTable(msgspec.Struct, frozen=True, kw_only=True):
    """The keys before the first table, and the tables themselves."""

    timezone: Annotated[
        str | None, About(N_("Time zone"), N_("Of snapshots and reports; empty: the machine's"), "zone")
    ] = None
    language: Annotated[
        Literal["en", "pt_BR"] | None, About(N_("Language"), N_("Of all messages; empty: that of the locale"))
    ] = None
    theme: Annotated[str | None, About(N_("Theme"), N_("How the terminal UI looks"), "theme")] = None
    state_dir: Annotated[
        str | None, About(N_("State"), N_("Where runs are recorded; empty: the usual place"), "directory")
    ] = None
    log_level: Annotated[
        Literal["error", "warning", "info", "debug"], About(N_("Log level"), N_("How much the program's log tells"))
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"], About(N_("Log format"), N_("json: one object a line, for programs"))
    ] = "text"
    metrics_file: Annotated[
        str | None, About(N_("Metrics file"), N_("For Prometheus's textfile collector"), "path")
    ] = None
    repositories: dict[str, Any] = {}
    jobs: dict[str, Any] = {}
    notifiers: dict[str, Any] = {}


class RepositoryTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[repositories.NAME]`."""

    format: Annotated[str, About(N_("Format"), N_("How snapshots lie there"), "format")] = "restic"
    store: Annotated[dict[str, Any], About(N_("Place"), N_("Where the repository lies"), "store")]
    password: Annotated[
        SecretSource | None, About(N_("Password"), N_("Without it nobody can read the backups"), formats=_RESTIC)
    ] = None
    """Required for the formats that it is for."""
    compression: Annotated[
        Literal["auto", "max", "off"],
        About(N_("Compression"), N_("max is smaller and slower"), formats=_RESTIC),
    ] = "auto"
    name: Annotated[str, About(N_("File names"), N_("Of {job} {host} {kind} and {time:iso}"), formats=ARCHIVES)] = (
        DEFAULT_NAME
    )
    compression_level: Annotated[int, About(N_("Compression"), N_("1 is fastest, 9 is smallest"), formats=ARCHIVES)] = 6
    encryption_key: Annotated[
        SecretSource | None,
        About(N_("Encryption key"), N_("At least 32 characters; empty: not encrypted"), formats=ARCHIVES),
    ] = None
    history_file: Annotated[
        bool, About(N_("History file"), N_("Keep backup_history.json beside the archives"), formats=ARCHIVES)
    ] = False
    min_free: Annotated[
        str | int | None,
        About(N_("Low space"), N_("Report less free space than 10GB, or 5%"), "share"),
    ] = None
    max_unused: Annotated[
        str | int | None,
        About(N_("Unused space"), N_("May stay unused: 10GB, unlimited, or 5%"), "share", formats=_RESTIC),
    ] = None
    max_repack_size: Annotated[
        str | int | None,
        About(N_("Rewrite at most"), N_("When space is reclaimed, such as 2GB; empty: all"), "size", formats=_RESTIC),
    ] = None
    limit_upload: Annotated[
        str | int | None, About(N_("Upload limit"), N_("Such as 10MB/s; empty: as fast as it goes"))
    ] = None
    limit_download: Annotated[
        str | int | None, About(N_("Download limit"), N_("Such as 10MB/s; empty: as fast as it goes"))
    ] = None
    object_lock_days: Annotated[
        int | None, About(N_("Object lock"), N_("Days for which nobody can delete; S3 only"))
    ] = None
    append_only: Annotated[bool, About(N_("Append only"), N_("Refuse to remove anything from it"))] = False
    trusted: Annotated[bool, About(N_("Trusted"), N_("A restore takes owners and devices from it"))] = True


class NotifierTable(msgspec.Struct, frozen=True, kw_only=True):
    """What every `[notifiers.NAME]` has beside `kind` and the options of that."""

    on: Annotated[
        list[Topic] | None, About(N_("Told of"), N_("failure, stale...; empty: as fits the kind"), "topics")
    ] = None
    jobs: Annotated[list[str], About(N_("Jobs"), N_("Told of these alone; empty: of all"), "jobs")] = []


def repository_keys(format_: str) -> list[str]:
    """Return the keys of `[repositories.NAME]` that a format has use for."""
    known = [(field.encode_name, about_of(field.type)) for field in msgspec.structs.fields(RepositoryTable)]
    return [name for name, about in known if about is None or format_ in (about.formats or (format_,))]


class JobTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[jobs.NAME]`."""

    repositories: Annotated[
        list[str],
        About(N_("Repositories"), N_("The first that works; the others get copies"), "repositories"),
    ]
    sources: Annotated[list[dict[str, Any]], About(N_("Sources"), N_("What is backed up"), "source")]
    expected_every: Annotated[
        str | None, About(N_("Expected every"), N_("Stale after that long without success: 26h"), "duration")
    ] = None
    schedule: Annotated[
        str | list[Any] | None, About(N_("Schedule"), N_("When it runs by itself: 0 2 * * *"), "schedule")
    ] = None
    delay: Annotated[str | None, About(N_("Delay"), N_("At random up to that long: 10m"), "duration")] = None
    catch_up: Annotated[bool, About(N_("Catch up"), N_("Make up once for moments that were missed"))] = True
    retry: Annotated[
        dict[str, Any] | None, About(N_("Retry"), N_('{ attempts = 3, wait = "10m" }; empty: once'), "toml")
    ] = None
    prune: Annotated[str | None, About(N_("Reclaim space"), N_("When: 0 3 * * 0; empty: after forgetting"), "cron")] = (
        None
    )
    verify: Annotated[str | None, About(N_("Verify"), N_("When all data is read: 0 5 * * 0"), "cron")] = None
    verify_subset: Annotated[
        str | None, About(N_("Verified share"), N_("Of all data, each time: 1/7, or 5%; empty: all"))
    ] = None
    require: Annotated[list[str], About(N_("Only with"), N_("ac-power, network, path:/mnt/usb; else it waits"))] = []
    stop: Annotated[
        list[Any], About(N_("Stopped for it"), N_('While it reads: ["systemd:app", "docker:db"]'), "toml")
    ] = []
    before: Annotated[list[Any], About(N_("Before"), N_("Commands; one that fails fails the run"), "commands")] = []
    after: Annotated[list[Any], About(N_("After"), N_("Commands, once a snapshot is there"), "commands")] = []
    on_failure: Annotated[list[Any], About(N_("On failure"), N_("Commands, once a run failed"), "commands")] = []
    timezone: Annotated[str | None, About(N_("Time zone"), N_("Of this job alone"), "zone")] = None
    undo_keep: Annotated[
        str | None, About(N_("Undo for"), N_("A restore in place can be undone; empty: 7d"), "duration")
    ] = None
    on_change: Annotated[
        Literal["warn", "incomplete"],
        About(N_("On change"), N_("If a file changes while it is read")),
    ] = "warn"
    keep: Annotated[
        dict[str, Any] | None, About(N_("Kept snapshots"), N_("After each good run; all empty: every snapshot"), "keep")
    ] = None
    max_backups: Annotated[int | None, About(N_("Kept backups"), N_("Short for keep with last"), short_for="keep")] = (
        None
    )
    """Short for `keep = { max_backups = N }`."""
    retention_days: Annotated[
        int | None, About(N_("Kept days"), N_("Short for keep with within"), short_for="keep")
    ] = None
    """Short for `keep = { retention_days = N }`."""
