"""The dashboard."""

from textual.app import ComposeResult

from tui_backup.primitives.i18n import _
from tui_backup.services.status import JobStatus, StatusReport, report
from tui_backup.tui.page import Page
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark


class DashboardPage(Page):
    """Jobs, the history of one, and what goes on."""

    def body(self) -> ComposeResult:
        yield Listing[JobStatus](
            [
                Column(id="state", title=_("State"), cell=lambda job: job.last_status or "-"),
                Column(id="job", title=_("Job"), cell=lambda job: job.job, grows=True),
            ],
            key=lambda job: job.job,
            empty=Remark(_("No job yet")),
            id="jobs",
        )

    def on_mount(self) -> None:
        """Look at the record."""
        self.record_changed()

    def record_changed(self) -> None:
        """Show the jobs as they are now."""
        workspace, now = self.desk.workspace, self.desk.now()
        self.ask(
            "status",
            lambda _watch: report(workspace.config, workspace.history, workspace.state_dir, now),
            self._show,
        )

    def _show(self, status: StatusReport) -> None:
        self.query_one("#jobs", Listing).show(status.jobs)
