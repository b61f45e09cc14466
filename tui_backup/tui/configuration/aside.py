"""Aside: what the editor has looked up while somebody types: a test, what excludes leave out, what a policy keeps."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_backup.config.editing import Draft
from tui_backup.config.lines import Key
from tui_backup.config.settings import Config, JobConfig, NotifierConfig, RepositoryConfig
from tui_backup.errors import BackupError
from tui_backup.model.retention import Keep
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import in_zone
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.alerts.notifying import try_notifier
from tui_backup.services.setup.first_start import Finding, Weight
from tui_backup.services.setup.trials import LeftOut, left_out, try_general, try_job, try_repository
from tui_backup.services.storage.repositories import make_password_file
from tui_backup.services.upkeep.keeping_year import kept_days
from tui_backup.services.workspace import Workspace
from tui_backup.sources.base import Source
from tui_backup.tui.configuration.moments import next_moments
from tui_backup.tui.configuration.objects import Thing
from tui_backup.tui.configuration.secret_rows import SecretRow
from tui_backup.tui.words import brief_size

if TYPE_CHECKING:
    from tui_backup.tui.configuration.page import ConfigurationPage


class Aside:
    """Asks for a page, and shows the answers in its form."""

    def __init__(self, page: "ConfigurationPage") -> None:
        self._page = page
        self._keep: tuple[Keep | None] | None = None
        """The policy whose calendar is shown, or is being made."""
        self._sources: dict[int, Source] = {}
        self._lines: dict[Key, tuple[Any, Any]] = {}
        """What is said to come next: schedule and zone."""

    def forget(self) -> None:
        """Another object is shown: nothing of what was found is there any more."""
        self._keep = None
        self._sources = {}
        self._lines = {}

    def look_ahead(self, thing: Thing | None, draft: Draft) -> None:
        """Look up when the schedules that are shown come next, as far as these are others than before."""
        zone = draft.get((*thing.key, "timezone")) if thing else None
        zone = zone or draft.get(("timezone",))
        for row in self._page.form.rows:
            if row.field.about.shape in {"schedule", "cron"} and self._lines.get(row.key) != (row.given, zone):
                self._lines[row.key] = row.given, zone
                work = partial(_next_moments, row.given, zone, self._page.desk.now())
                self._page.ask(f"next {row.field.name}", work, row.tell)

    def look(self, thing: Thing | None, config: Config | None) -> None:
        """Look up what the object that is shown comes to, as far as that is another than before."""
        job = config.jobs.get(thing.name or "") if config and thing and thing.kind == "jobs" else None
        if job is None or config is None:
            return
        if self._keep != (job.keep,):
            self._keep = (job.keep,)
            self._page.ask("year", partial(self._kept, job), self._show_year)
        for place, source in enumerate(job.sources):
            if self._sources.get(place) != source:
                self._sources[place] = source
                work = partial(_left_out, config, source)
                self._page.ask(f"left out {place}", work, partial(self._show_left_out, place), _ignore)

    def test(self, thing: Thing, config: Config | None) -> None:
        """Try whether what is shown works on this machine, and say so above the form."""
        work = None
        if config is not None and thing.kind == "general":
            work = partial(_general, config)
        elif config is not None and thing.kind == "jobs" and thing.name in config.jobs:
            work = partial(_job, config, config.jobs[thing.name])
        elif config is not None and thing.kind == "repositories" and thing.name in config.repositories:
            work = partial(self._repository, config.repositories[thing.name])
        elif config is not None and thing.kind == "notifiers" and thing.name in config.notifiers:
            work = partial(self._notifier, config.notifiers[thing.name])
        form = self._page.form
        form.scroll_home(animate=False)
        if work is None:
            form.tell([Finding(Weight.WRONG, _("mend what is wrong here first"))])
            return
        form.tell([Finding(Weight.CAREFUL, _("testing…"))])
        self._page.ask("test", work, form.tell, lambda error: form.tell([_failure(error)]))

    def make_key_file(self, row: SecretRow, config: Config | None) -> None:
        """Put a random password into the file that a row names."""
        repository = config.repositories.get(str(row.key[1])) if config and row.key[0] == "repositories" else None
        source = repository.own_secret if repository else None
        known = {at for at, each in repository.secrets() if each is source} if repository else set()
        if repository is None or source is None or source.file is None or row.key not in known:
            self._page.notify(_("Mend what is wrong here first"), severity="warning", markup=False)
            return
        path = source.file
        self._page.ask(
            "key file", partial(_made, repository), lambda was_made: self._tell_key_file(path, was_made=was_made)
        )

    def _tell_key_file(self, path: str, *, was_made: bool) -> None:
        made = _(
            "Made {path}, for you alone. Keep a copy of it somewhere else: without it nobody can read the backups."
        )
        text = made if was_made else _("{path} exists; it stays as it is")
        self._page.notify(text.format(path=path), markup=False, timeout=15)

    def _kept(self, job: JobConfig, watch: Watch) -> list[bool]:
        now = self._page.desk.now()
        return kept_days(job.keep, now, in_zone(now, job.timezone).tzinfo, watch)

    def _show_year(self, kept: list[bool]) -> None:
        if (year := self._page.form.year) is not None:
            year.show(kept, self._page.desk.local(self._page.desk.now()).date())

    def _show_left_out(self, place: int, found: LeftOut | None) -> None:
        self._page.form.tell_left_out(place, "" if found is None else _left_out_words(found))

    def _repository(self, config: RepositoryConfig, _watch: Watch) -> list[Finding]:
        return try_repository(config, self._page.desk.workspace.history.known_repository(config.name))

    def _notifier(self, config: NotifierConfig, _watch: Watch) -> list[Finding]:
        desk = self._page.desk
        trial = try_notifier(desk.workspace, config.name, desk.now, drafted=config)
        if trial.error is not None:
            return [_failure(trial.error)]
        text = _("{name}: delivered to {place}")
        return [Finding(Weight.SOUND, text.format(name=trial.notifier, place=trial.place))]


def _next_moments(value: Any, zone: Any, now: datetime, _watch: Watch) -> str:
    return next_moments(value, zone, now)


def _general(config: Config, _watch: Watch) -> list[Finding]:
    return try_general(config)


def _job(config: Config, job: JobConfig, watch: Watch) -> list[Finding]:
    return try_job(job, Workspace(config).own_places(), watch)


def _left_out(config: Config, source: Source, watch: Watch) -> LeftOut | None:
    return left_out(source, Workspace(config).own_places(), watch)


def _left_out_words(found: LeftOut) -> str:
    words = ngettext(
        "Leaves out {out} of {count} entry, {size}", "Leaves out {out} of {count} entries, {size}", found.of
    )
    if not found.is_whole:
        words = ngettext(
            "Leaves out {out} of the first {count} entry, {size}",
            "Leaves out {out} of the first {count} entries, {size}",
            found.of,
        )
    return words.format(out=f"{found.entries:,}", count=f"{found.of:,}", size=brief_size(found.bytes))


def _made(config: RepositoryConfig, _watch: Watch) -> bool:
    return make_password_file(config)


def _failure(error: BackupError) -> Finding:
    return Finding(Weight.WRONG, f"{error.message}; {error.hint}" if error.hint else error.message)


def _ignore(_error: BackupError) -> None:
    """What cannot be walked now is said by the test, when somebody asks for it."""
