"""Prometheus's own programs read what `status --prometheus` prints and what lies in `metrics_file`."""

import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import exposition
from tests.support.estate import Estate, build_estate, job_text
from tests.support.faketime import at
from tests.support.programs import ended
from tests.support.servers.daemons import LOCALHOST, daemon, free_port, wait_until_it_listens
from tui_backup.primitives.text import printable
from tui_backup.services.status.metrics_file import write_metrics

pytestmark = pytest.mark.requires("promtool")

LONGEST = "0" + "-_x" * 20 + "zz"
WRITES = 200


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A directory with as bad a name as there is, jobs and repositories with as bad names as may be; one job fails."""
    made = build_estate(tmp_path / 'we"i\\r\nd \u202e{job="site"} 1', ["local", LONGEST])
    config = made.directory / "config.toml"
    text = 'metrics_file = "shown/backup.prom"\n' + config.read_text().partition("[jobs.")[0]
    for job in ("site", '"a..b-._c"', f'"{LONGEST}"'):
        text += job_text(job, made.names) + 'expected_every = "26h"\nschedule = "0 0 1 1 *"\n'
    config.write_text(text + job_text("failing", made.names, source="gone"))
    (made.directory / "shown").mkdir()
    return made


def accepted(content: str) -> None:
    """Have promtool read it: nothing is wrong, and nothing could be better."""
    said = subprocess.run(["promtool", "check", "metrics"], input=content, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    exposition.families(content.encode())


def shown(estate: Estate, environment: dict[str, str] | None = None) -> str:
    with estate.installation.start("status", "--prometheus", environment=environment) as process:
        said = ended(process)
    assert (said.code, said.err) == (0, "")
    return said.out


@pytest.mark.requires("faketime")
def test_promtool_accepts_it_whatever_has_happened(estate: Estate) -> None:
    before = shown(estate)
    accepted(before)
    assert "last_success" not in before
    assert estate.installation.call("run", "--all").code == 1
    after = shown(estate)
    accepted(after)
    assert f'tui_backup_job_last_status{{backup_job="failing",status="failed",config="{escaped(estate)}"}} 1' in after
    estate.lose_tree("local", estate.held("local")[0])
    assert estate.installation.call("verify", "-r", "local", "--read-data").code == 1
    later = shown(estate, at(datetime.now(UTC) + timedelta(days=3)))
    accepted(later)
    for kind in ("stale", "damaged", "failed"):
        assert f'tui_backup_problems{{kind="{kind}",config="{escaped(estate)}"}} 0\n' in before
        assert f'tui_backup_problems{{kind="{kind}",config="{escaped(estate)}"}} 0\n' not in later


def escaped(estate: Estate) -> str:
    """Return the path of the configuration as it is written in a label."""
    path = printable(str(estate.directory / "config.toml"))
    return path.replace("\\", "\\\\").replace('"', '\\"')


def test_node_exporter_reads_one_whole_file_or_the_other(estate: Estate) -> None:
    assert estate.installation.call("run", "site").code == 0
    with node_exporter(estate.directory) as url, estate.open() as workspace:
        over, found = threading.Event(), list[float]()

        def read() -> None:
            while not over.is_set():
                found.append(scraped(url, estate))

        reader = threading.Thread(target=read)
        reader.start()
        start = datetime.now(UTC)
        for number in range(WRITES):
            assert write_metrics(workspace, start + timedelta(seconds=number)) is None
        over.set()
        reader.join()
        last = (start + timedelta(seconds=WRITES - 1)).timestamp()
        assert scraped(url, estate) == pytest.approx(last, abs=0.01)
    assert found == sorted(found)
    assert len(set(found)) > 1
    assert [path.name for path in (estate.directory / "shown").iterdir()] == ["backup.prom"]


def scraped(url: str, estate: Estate) -> float:
    """Return when the metrics were written that the collector shows; it must have found nothing wrong."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    values = dict(line.rpartition(" ")[::2] for line in text.splitlines() if not line.startswith("#"))
    assert values["node_textfile_scrape_error"] == "0"
    (written,) = (value for name, value in values.items() if name.startswith("node_textfile_mtime_seconds{"))
    assert float(written) == pytest.approx(datetime.now(UTC).timestamp(), abs=60)
    return float(values[f'tui_backup_metrics_timestamp_seconds{{config="{escaped(estate)}"}}'])


@contextmanager
def node_exporter(directory: Path) -> Iterator[str]:
    """Run node_exporter's textfile collector alone, over what the estate writes; yield where it shows that."""
    port, log = free_port(), directory / "node_exporter.log"
    options = [
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={directory / 'shown'}",
        "--web.disable-exporter-metrics",
        f"--web.listen-address={LOCALHOST}:{port}",
    ]
    with daemon(["prometheus-node-exporter", *options], log) as process:
        wait_until_it_listens(port, process, log)
        yield f"http://{LOCALHOST}:{port}/metrics"
