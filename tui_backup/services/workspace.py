"""Workspace: everything that one configuration describes, wired together."""

import os
import socket
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tui_backup.config.load import load_config
from tui_backup.config.settings import Config, JobConfig
from tui_backup.config.state import prepare_state_dir
from tui_backup.errors import BackupError, UsageError
from tui_backup.model.locking import Locking
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.i18n import _
from tui_backup.services.bus import EventBus
from tui_backup.services.log import ProgramLog, log_of
from tui_backup.services.news import News

if TYPE_CHECKING:
    from tui_backup.formats.base import Repository
    from tui_backup.history.history import History
    from tui_backup.model.run import Run
    from tui_backup.services.audit import Audit
    from tui_backup.services.storage.repositories import Repositories


class Workspace:
    """The only place where a configuration becomes things that work; each is made when it is first asked for.

    May be used from several threads. `close` ends what was opened.
    """

    def __init__(self, config: Config, bus: EventBus | None = None) -> None:
        """`bus` hears about the runs; None: one of its own."""
        self.config = config
        self.host: str = socket.gethostname()
        """Name of this machine, as snapshots record it."""
        self.locking = Locking()
        """What is wished of locks; to be set before the first repository is asked for."""
        self.cancel = CancelToken()
        """Has every run that begins here stop."""
        self.on_warning: Callable[[str], None] | None = None
        """Who is told of trouble that stops nothing, outside of runs."""
        self.news = News()
        """What its runs have to tell others."""
        self._bus = bus
        self._lock = threading.RLock()
        self._history: History | None = None
        self._repositories: Repositories | None = None
        self._lacks_metrics = False

    @classmethod
    def open(cls, config: str | None = None, bus: EventBus | None = None) -> Self:
        """Return the workspace of a configuration file: the given one, or the one that is found.

        Raises:
            ConfigError: there is none, or it is wrong.
        """
        return cls(load_config(config), bus)

    @cached_property
    def state_dir(self) -> Path:
        """The state directory, made and claimed; raises ConfigError where it cannot be used."""
        prepare_state_dir(self.config.state_dir, self.config.path)
        return Path(self.config.state_dir)

    @cached_property
    def log(self) -> ProgramLog:
        """The program's log."""
        return log_of(self.config, self.state_dir)

    @cached_property
    def bus(self) -> EventBus:
        """Who hears about runs of this process."""
        return self._bus or EventBus(self.log.unexpected)

    @cached_property
    def audit(self) -> "Audit":
        """The record of who changed or read back data: `with workspace.audit.act(verb, object, detail)`."""
        from tui_backup.services.audit import Audit

        return Audit(self.state_dir, self.warn, log=self.log)

    @property
    def history(self) -> "History":
        """The record of what happened; raises BackupError where a newer version has written it."""
        with self._lock:
            if self._history is None:
                from tui_backup.history.history import History

                self._history = History.open(self.state_dir, self.log.warning)
            return self._history

    def job(self, name: str) -> JobConfig:
        """Return a job; raises UsageError, with the known names, where there is none of that name."""
        known = self.config.jobs
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, 1)
            hint = _("did you mean {word}?").format(word=close[0]) if close else _known(known)
            raise UsageError(_("there is no job {name!r} in the configuration").format(name=name), hint=hint)
        return known[name]

    def check_job(self, name: str | None) -> None:
        """Refuse a job that neither the configuration nor the record knows; raises UsageError with the nearest name."""
        if name is None or self.history.runs(name, 1) or self.history.holdings(name).snapshots:
            return
        self.job(name)

    def repository(self, name: str, *, make: bool = False) -> "Repository":
        """Return a repository, opened at its first use; with `make`, one never seen before is made, password and all.

        One that is made cuts files as the other repositories of its jobs do.

        Raises:
            UsageError: the configuration has no repository of that name, or its password cannot be had.
            RepositoryMissing: it is not there, or another one is.
            BackupError: it cannot be opened or made.
        """
        return self.repositories.get(name, make=make, kin=self.kin(name) if make else ())

    @property
    def repositories(self) -> "Repositories":
        """All repositories of the configuration, none of them opened by asking for this."""
        with self._lock:
            if self._repositories is None:
                from tui_backup.services.storage.repositories import Repositories

                self._repositories = Repositories(
                    self.config.repositories, lambda: self.history, self.state_dir, self.locking, lambda: self.audit
                )
            return self._repositories

    def kin(self, name: str) -> tuple[str, ...]:
        """Return the other repositories of the jobs that use one, in the order in which the jobs name them."""
        together = [job.repositories for job in self.config.jobs.values() if name in job.repositories]
        return tuple(dict.fromkeys(other for names in together for other in names if other != name))

    def own_places(self) -> tuple[bytes, ...]:
        """Return what belongs to the backup itself, raw and absolute: state, repositories on this host, key files.

        Every backup passes over them, and no restore deletes them.
        """
        stores = [repository.store.describe() for repository in self.config.repositories.values()]
        secrets = [source.file for _key, source in self.config.secrets() if source.file]
        places = [self.config.state_dir, *(place for place in [*stores, *secrets] if os.path.isabs(place))]
        return tuple(os.fsencode(place) for place in dict.fromkeys(places))

    def told(self, error: Exception) -> BackupError:
        """Return what to say of an error: that of the user's, or what `unexpected` says of a fault of our own."""
        return error if isinstance(error, BackupError) else self.unexpected(error)

    def unexpected(self, error: Exception) -> BackupError:
        """Return what to say of a fault of our own; its traceback goes to the log, if there can be one."""
        message = _("unexpected error: {kind}: {error}").format(kind=type(error).__name__, error=error)
        try:
            log = self.log
        except BackupError:
            return BackupError(message)
        log.unexpected(error)
        return BackupError(message, hint=_("{path} has the details").format(path=log.path))

    def run_began(self, run: "Run") -> None:
        """Tell those who want to hear that a run begins, and note that they hear of its end, whatever comes between."""
        if self.config.notifiers:
            self.history.lookout.note_begun(run.id)
            from tui_backup.services.alerts.telling import tell_of_start

            tell_of_start(self, run)

    def run_ended(self, rows: "Sequence[Run]") -> None:
        """Keep how a run ended until others are told (`alerts.tell`, at the latest by `close`), and write the metrics.

        A metrics file that cannot be written is one warning until it has gone well again.
        """
        self.news.ended(rows)
        if self.config.metrics_file is None:
            return
        from tui_backup.services.status.metrics_file import write_metrics

        failure = write_metrics(self)
        if failure is not None and not self._lacks_metrics:
            self.warn(failure.message)
        self._lacks_metrics = failure is not None

    def close(self) -> None:
        """Tell others what there is to tell, and close what was opened; the workspace is not used afterwards."""
        if self.config.notifiers and not self.news.is_empty:
            from tui_backup.services.alerts.telling import tell

            tell(self)
        with self._lock:
            repositories, self._repositories = self._repositories, None
            history, self._history = self._history, None
        try:
            if repositories is not None:
                repositories.close()
        finally:
            if history is not None:
                history.close()

    def warn(self, message: str) -> None:
        """Tell of trouble that stops nothing, outside of runs."""
        self.log.warning(message)
        if self.on_warning is not None:
            self.on_warning(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _known(names: dict[str, JobConfig]) -> str:
    return _("known: {names}").format(names=", ".join(names) or "-")
