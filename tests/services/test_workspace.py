"""A workspace opens what a configuration describes, and makes only what nobody has ever seen."""

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_backup.errors import ConfigError, RepositoryMissing, UsageError, WrongPassword
from tui_backup.services.workspace import Workspace

ROOT = Path(__file__).parents[2]

TEXT = """\
state_dir = "state"

[repositories.local]
store = { kind = "local", path = "disk/backups" }
password = { file = "backups.key" }

[jobs.site]
repositories = ["local"]

[[jobs.site.sources]]
kind = "files"
paths = ["files"]
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    return str(path)


def opened(config: str, *, make: bool = False) -> str:
    """Open the repository in a workspace of its own; return its id."""
    with Workspace.open(config) as workspace:
        return workspace.repository("local", make=make).id


def test_a_repository_and_its_password_are_made_on_first_use(config: str, tmp_path: Path) -> None:
    first = opened(config, make=True)
    assert stat.S_IMODE((tmp_path / "backups.key").stat().st_mode) == 0o600
    assert opened(config) == opened(config, make=True) == first


def test_whoever_only_looks_makes_nothing(config: str, tmp_path: Path) -> None:
    with pytest.raises(RepositoryMissing, match=r"no repository in .*/disk/backups yet"):
        opened(config)
    assert not (tmp_path / "disk").exists()
    assert not (tmp_path / "backups.key").exists()


def test_a_workspace_opens_a_repository_once(config: str) -> None:
    with Workspace.open(config) as workspace:
        assert workspace.repository("local", make=True) is workspace.repository("local")


def test_a_repository_that_was_seen_and_is_gone_is_not_made_again(config: str, tmp_path: Path) -> None:
    opened(config, make=True)
    (tmp_path / "disk").rename(tmp_path / "unmounted")
    with pytest.raises(RepositoryMissing, match="no longer in") as caught:
        opened(config, make=True)
    assert caught.value.exit_code == 10
    assert "is the disk mounted?" in str(caught.value.hint)
    assert not (tmp_path / "disk").exists()


def test_another_repository_in_the_place_of_a_known_one_is_refused(config: str, tmp_path: Path) -> None:
    opened(config, make=True)
    (tmp_path / "disk").rename(tmp_path / "unmounted")
    (tmp_path / "state").rename(tmp_path / "old-state")
    opened(config, make=True)
    (tmp_path / "state").rename(tmp_path / "new-state")
    (tmp_path / "old-state").rename(tmp_path / "state")
    with pytest.raises(RepositoryMissing, match="another repository"):
        opened(config, make=True)


def test_nothing_is_made_where_the_record_was_lost(config: str, tmp_path: Path) -> None:
    with Workspace.open(config) as workspace:
        workspace.history.known_repository("local")
    (tmp_path / "state" / "history.db.broken-20261121T020000Z").touch()
    with pytest.raises(RepositoryMissing, match="the record of earlier runs was lost"):
        opened(config, make=True)
    assert not (tmp_path / "backups.key").exists()


def test_a_password_is_never_made_for_a_repository_that_exists(config: str, tmp_path: Path) -> None:
    opened(config, make=True)
    (tmp_path / "backups.key").unlink()
    for state in ("state", "elsewhere"):
        (tmp_path / "config.toml").write_text(TEXT.replace('"state"', f'"{state}"'))
        with pytest.raises(ConfigError, match=r"backups\.key does not exist"):
            opened(config, make=True)
    assert not (tmp_path / "backups.key").exists()


def test_a_password_is_never_made_where_something_lies(config: str, tmp_path: Path) -> None:
    (tmp_path / "disk" / "backups").mkdir(parents=True)
    (tmp_path / "disk" / "backups" / "leftover").touch()
    with pytest.raises(ConfigError, match=r"backups\.key does not exist") as caught:
        opened(config, make=True)
    assert "is not empty" in str(caught.value.hint)


def test_a_password_that_is_given_is_used(config: str, tmp_path: Path) -> None:
    (tmp_path / "backups.key").write_text("given\n")
    (tmp_path / "backups.key").chmod(0o600)
    opened(config, make=True)
    assert (tmp_path / "backups.key").read_text() == "given\n"
    (tmp_path / "backups.key").write_text("wrong\n")
    with pytest.raises(WrongPassword):
        opened(config)


def test_two_processes_that_make_a_repository_at_once_make_one(config: str) -> None:
    program = "import sys; from tests.services.test_workspace import opened; print(opened(sys.argv[1], make=True))"
    command = [sys.executable, "-c", program, config]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) for _number in range(3)]
    ids = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert ids == {f"{opened(config)}\n".encode()}


@pytest.mark.requires("restic")
def test_restic_opens_what_was_made(config: str, tmp_path: Path) -> None:
    opened(config, make=True)
    repository = ["-r", str(tmp_path / "disk" / "backups"), "--password-file", str(tmp_path / "backups.key")]
    subprocess.run(["restic", *repository, "--no-cache", "check"], check=True, capture_output=True)


def test_a_repository_of_another_state_is_taken_as_it_is(config: str, tmp_path: Path) -> None:
    first = opened(config, make=True)
    (tmp_path / "config.toml").write_text(TEXT.replace('"state"', '"elsewhere"'))
    assert opened(config) == first


@pytest.mark.parametrize("ask", [lambda workspace: workspace.job("siet"), lambda workspace: workspace.repository("x")])
def test_an_unknown_name_is_told_with_the_known_ones(config: str, ask: Callable[[Workspace], object]) -> None:
    with Workspace.open(config) as workspace, pytest.raises(UsageError) as caught:
        ask(workspace)
    assert caught.value.hint in {"did you mean site?", "known: local"}


def test_no_error_shows_the_password(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TEXT.replace('{ file = "backups.key" }', '"tr0ub4dor"'))
    opened(config, make=True)
    (tmp_path / "config.toml").write_text(TEXT.replace('{ file = "backups.key" }', '"tr0ub4dor3"'))
    with pytest.raises(WrongPassword) as caught:
        opened(config)
    assert "tr0ub4dor" not in f"{caught.value!r} {caught.value.hint} {Workspace.open(config).config!r}"


def test_own_places_are_state_repositories_and_passwords(config: str, tmp_path: Path) -> None:
    with Workspace.open(config) as workspace:
        own = [tmp_path / "state", tmp_path / "disk" / "backups", tmp_path / "backups.key"]
        assert workspace.own_places() == tuple(bytes(place) for place in own)


def test_what_notifiers_log_in_with_is_never_backed_up_either(config: str, tmp_path: Path) -> None:
    notifier = '[notifiers.ops]\nkind = "webhook"\nurl = "https://example.org"\nsecret = { file = "hook.key" }\n'
    (tmp_path / "config.toml").write_text(TEXT + notifier)
    with Workspace.open(config) as workspace:
        assert bytes(tmp_path / "hook.key") in workspace.own_places()


def test_the_record_is_read_without_loading_ciphers(config: str) -> None:
    program = (
        "import sys; from tui_backup.services.workspace import Workspace\n"
        "with Workspace.open(sys.argv[1]) as workspace: workspace.history.runs()\n"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'cryptography', 'pathspec', 'zstandard'})"
    )
    ended = subprocess.run([sys.executable, "-c", program, config], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""
