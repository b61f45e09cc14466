"""A configuration file is saved only as somebody saw it, only sound, and with all that makes it the file it is."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.config.writing import GOOD, write
from tui_backup.config.document import Fault
from tui_backup.config.editing import Draft
from tui_backup.config.load import load_config
from tui_backup.config.masking import MASK, masked, shown_difference, unmasked
from tui_backup.errors import ConfigError
from tui_backup.services.setup.configuring import ChangedMeanwhile, FileOnDisk, examine, merged, read, save
from tui_backup.services.workspace import Workspace

SECRET = 'password = "tr0ub4dor" # ours'
LITERAL = GOOD.replace('password = { file = "backups.key" }', SECRET)


def saved(before: FileOnDisk, text: str) -> FileOnDisk:
    with Workspace(load_config(before.path)) as workspace:
        return save(before, text, lambda _config: workspace.audit)


def audited(path: Path) -> list[str]:
    with Workspace(load_config(str(path))) as workspace:
        return [f"{record.verb} {record.detail}" for record in workspace.audit.records()[0]]


def test_what_is_saved_is_what_was_written_and_the_audit_names_its_keys(tmp_path: Path) -> None:
    path = write(tmp_path)
    after = saved(read(str(path)), GOOD.replace('"26h"', '"30h"'))
    assert path.read_text() == after.text == GOOD.replace('"26h"', '"30h"')
    begun, ended = audited(path)[-2:]
    assert begun == "config begun: jobs.site.expected_every"
    assert ended == "config ended 2: ok"


def test_what_is_wrong_is_never_saved(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(Fault, match="not a duration"):
        saved(read(str(path)), GOOD.replace('"26h"', '"soon"'))
    with pytest.raises(Fault, match="not valid TOML"):
        saved(read(str(path)), GOOD + "x =")
    assert path.read_text() == GOOD


def test_what_somebody_else_saved_meanwhile_stays(tmp_path: Path) -> None:
    path = write(tmp_path)
    before = read(str(path))
    path.write_text(theirs := GOOD.replace("debug", "info"))
    with pytest.raises(ChangedMeanwhile) as caught:
        saved(before, GOOD.replace('"26h"', '"30h"'))
    assert path.read_text() == caught.value.found.text == theirs
    both = merged(before, GOOD.replace('"26h"', '"30h"'), caught.value.found)
    saved(caught.value.found, both)
    assert path.read_text() == theirs.replace('"26h"', '"30h"')


def test_of_two_who_save_at_once_one_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    before = read(str(path))
    texts = [GOOD + f"# {number}\n" for number in range(4)]

    def attempt(text: str) -> bool:
        try:
            saved(before, text)
        except ChangedMeanwhile:
            return False
        return True

    with ThreadPoolExecutor() as threads:
        won = list(threads.map(attempt, texts))
    assert won.count(True) == 1
    assert path.read_text() == texts[won.index(True)]


def test_mode_link_and_byte_order_mark_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    real.chmod(0o640)
    link = tmp_path / "config.toml"
    link.symlink_to("real.toml")
    saved(read(str(link)), GOOD.replace('"26h"', '"30h"'))
    assert link.is_symlink()
    assert real.read_bytes().startswith(b"\xef\xbb\xbftimezone")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_file_that_holds_a_secret_is_closed_to_others(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.chmod(0o644)
    saved(read(str(path)), LITERAL)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any("tr0ub4dor" in line for line in audited(path))


def test_a_file_that_cannot_be_written_stays_and_says_why(tmp_path: Path) -> None:
    path = write(tmp_path)
    before = read(str(path))
    with Workspace(load_config(str(path))) as workspace:
        path.unlink()
        with pytest.raises(ConfigError, match="cannot write"):
            save(before, GOOD, lambda _config: workspace.audit)


def test_faults_of_several_objects_are_found_at_once() -> None:
    text = GOOD.replace('"26h"', '"soon"').replace('"5%"', '"much"')
    found = examine("/x/config.toml", text).faults
    assert [(fault.key, fault.line) for fault in found] == [
        (("repositories", "local", "min_free"), 10),
        (("jobs", "site", "expected_every"), 15),
    ]
    assert [fault.line for fault in examine("/x/config.toml", "a = 1\nb =").faults] == [2]


def test_a_secret_is_masked_in_what_is_shown_and_comes_back_when_that_is_edited() -> None:
    draft = Draft(LITERAL)
    shown = masked(draft)
    assert "tr0ub4dor" not in shown
    assert f'password = "{MASK}" # ours' in shown
    edited = unmasked(shown.replace('"26h"', '"30h"'), draft)
    assert edited.text == LITERAL.replace('"26h"', '"30h"')
    with pytest.raises(Fault, match="give the secret again"):
        unmasked(shown.replace("repositories.local", "repositories.other"), draft)


def test_a_diff_tells_of_secrets_that_change_and_shows_none() -> None:
    before, after = Draft(LITERAL), Draft(LITERAL.replace("tr0ub4dor", "c0rrect"))
    lines = "\n".join(shown_difference(before, after))
    assert f'-password = "{MASK}" # ours\n+password = "{MASK} *" # ours' in lines
    assert "c0rrect" not in lines
    assert shown_difference(before, Draft(LITERAL)) == []
