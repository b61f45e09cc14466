"""SIGKILL of the program at every store operation of a backup into an archive."""

import json
import re
from pathlib import Path

import pytest

from tests.support.archives import KEY, opened, opening
from tests.support.killing import Moment
from tests.support.programs import Installation, install
from tests.support.trees import write_tree
from tests.support.victims import Doom, Remains, slay, slay_at_every
from tui_backup.formats.base import Subset
from tui_backup.model.watch import Watch
from tui_backup.stores.local import LocalStore

_CONFIG = """
state_dir = "{state}"
[repositories.local]
format = "{format}"
name = "backup_{{time:seconds}}"
store = {{ kind = "local", path = "{repository}" }}
encryption_key = {{ file = "repository.key" }}
history_file = true
[jobs.site]
repositories = ["local"]
sources = [{{ kind = "files", paths = ["{source}"] }}]
keep = {{ last = 2 }}
"""
FILES = 20


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    content = {f"directory-{number % 2}/file-{number}": b"%d " % number * 5000 for number in range(FILES)}
    return write_tree(tmp_path_factory.mktemp("archived") / "source", content)


def installed(directory: Path, source: Path, kind: str) -> Installation:
    made = install(directory, source)
    text = _CONFIG.format(format=kind, source=source, repository=made.repository, state=made.state)
    (directory / "config.toml").write_text(text)
    (directory / "repository.key").write_text(KEY)
    return made


def judge(installation: Installation, made: str) -> None:
    """Make sure that every archive is whole and proven, and that nothing else is left."""
    store = LocalStore(str(installation.repository))
    repository = opened(opening(store, key=KEY))
    try:
        snapshots = repository.snapshots()
        assert made in [each.id for each in snapshots]
        for each in snapshots:
            assert (each.job, each.status, each.files) == ("site", "ok", FILES)
        proof = repository.verify([], Subset(), Watch())
        assert (proof.problems, set(proof.read)) == ((), {each.id for each in snapshots})
        listed = json.loads(store.get("backup_history.json"))
        assert [each["name"] for each in listed] == [each.id for each in snapshots]
    finally:
        repository.close()
    assert installation.leftovers() == []


@pytest.mark.parametrize(
    ("moment", "kind"), [(Moment.BEFORE, "tar.gz"), (Moment.HALFWAY, "zip"), (Moment.AFTER, "tar.zst")]
)
def test_no_half_archive_looks_like_a_whole_one(moment: Moment, kind: str, tmp_path: Path, source: Path) -> None:
    def die(doom: Doom) -> Remains:
        installation = installed(tmp_path / str(doom.number), source, kind)
        remains = slay(installation, doom, "run", "site")
        judge(installation, installation.back_up()["snapshot"])
        return remains

    met = {_without_time(each.last) for each in slay_at_every(moment, die)}
    name = f"backup_.{kind}.enc"
    assert met >= {f"put {name}", f"put {name}.metadata.json", f"put {name}.entries.jsonl.zst.enc", "put locks"}
    assert met >= {"put tui-backup.json", "put tui-backup-key.json", "put backup_history.json"}


def _without_time(operation: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[-\d]*", "", operation)
