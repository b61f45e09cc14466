"""The program where BACKUP_* variables are all the configuration that there is."""

import stat
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calling import Call
from tui_backup.config.load import load_config

SECRETS = {
    "BACKUP_S3_ACCESS_KEY": "AKIAIOSFODNN7EXAMPLE",
    "BACKUP_S3_SECRET_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "BACKUP_ENCRYPTION_KEY": "minha-chave-super-secreta-256-bits",
}
Set = Callable[..., None]


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Set:
    def set_(**environment: str) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    (tmp_path / "project").mkdir()
    for name in ("index.js", ".env", "node_modules/left/pad.js", "backups/old.tar.gz", "logs/app.log"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path / "project")
    return set_


def test_a_directory_is_all_that_a_run_needs(call: Call, variables: Set, tmp_path: Path) -> None:
    variables(BACKUP_DIR="backups")
    assert call("run", "backup").code == 0
    (archive,) = (tmp_path / "project" / "backups").glob("backup_*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {Path(member.name).name for member in tar.getmembers() if member.isfile()}
    assert names == {"index.js"}
    listed = call("list")
    assert listed.code == 0
    assert archive.name.removesuffix(".tar.gz") in listed.out


def test_what_cannot_be_done_is_said_with_the_name_of_the_variable(call: Call, variables: Set) -> None:
    variables(BACKUP_DIR="backups", BACKUP_COMPRESSION_LEVEL="11")
    answer = call("run", "backup")
    assert answer.code == 2
    assert answer.err.startswith("tui-backup: error: BACKUP_COMPRESSION_LEVEL: ")


def test_a_bucket_that_is_not_named_is_asked_for(call: Call, variables: Set) -> None:
    variables(BACKUP_ENABLED="true")
    answer = call("run", "--all")
    assert answer.code == 2
    assert answer.err == "tui-backup: error: BACKUP_S3_BUCKET is not set\n"


def test_a_key_that_is_too_short_is_told_with_its_length(call: Call, variables: Set) -> None:
    variables(BACKUP_DIR="backups", BACKUP_ENCRYPT="true", BACKUP_ENCRYPTION_KEY="short")
    answer = call("run", "backup")
    assert answer.code == 2
    assert "BACKUP_ENCRYPTION_KEY: an encryption key needs at least 32 characters, this one has 5" in answer.err
    assert "short" not in answer.err.replace("too short", "")


def test_nothing_runs_by_itself_unless_that_was_enabled(call: Call, variables: Set) -> None:
    variables(BACKUP_DIR="backups", BACKUP_SCHEDULE="* * * * *")
    assert call("--run-scheduled") == (0, "", "")
    assert "nothing runs by itself unless BACKUP_ENABLED is true" in call("-v", "--run-scheduled").err
    answer = call("run", "backup")
    assert (answer.code, answer.err.count("BACKUP_SCHEDULE: nothing runs by itself")) == (0, 1)


def test_importing_writes_the_schedule_that_was_enabled(call: Call, variables: Set, tmp_path: Path) -> None:
    variables(BACKUP_DIR="backups", BACKUP_ENABLED="true", BACKUP_SCHEDULE="15 4 * * *", BACKUP_TIMEZONE="Asia/Tokyo")
    path = tmp_path / "made.toml"
    assert call("config", "import-env", str(path)).code == 0
    assert 'schedule = "15 4 * * *" # BACKUP_SCHEDULE\n' in path.read_text()
    (schedule,) = load_config(str(path)).jobs["backup"].timing.schedules
    assert schedule.at == "15 4 * * *"


def test_a_schedule_that_is_none_is_told_of_its_variable(call: Call, variables: Set) -> None:
    variables(BACKUP_DIR="backups", BACKUP_ENABLED="true", BACKUP_SCHEDULE="tomorrow")
    answer = call("run", "backup")
    assert answer.code == 2
    assert answer.err.startswith("tui-backup: error: BACKUP_SCHEDULE: 'tomorrow' is no schedule")


def test_a_file_of_the_configuration_comes_first(call: Call, variables: Set, tmp_path: Path) -> None:
    variables(BACKUP_DIR="backups")
    path = tmp_path / "other.toml"
    path.write_text('[repositories.other]\nstore = { kind = "local", path = "x" }\npassword = "x"\n')
    answer = call("--config", str(path), "run", "backup")
    assert "there is no job 'backup'" in answer.err


@pytest.mark.parametrize("words", [("config", "edit"), ("config", "path")])
def test_there_is_no_file_to_change(call: Call, variables: Set, words: tuple[str, ...]) -> None:
    variables(BACKUP_DIR="backups")
    answer = call(*words)
    assert answer.code == 2
    assert "hint: `tui-backup config import-env` makes one" in answer.err


def test_importing_writes_every_line_with_its_variable_and_secrets_beside(
    call: Call, variables: Set, tmp_path: Path
) -> None:
    variables(**SECRETS, BACKUP_S3_BUCKET="my-whatsapp-backups", BACKUP_MAX_BACKUPS="5")
    path = tmp_path / "new" / "made.toml"
    answer = call("config", "import-env", str(path))
    assert answer.code == 0
    text = path.read_text()
    assert 'bucket = "my-whatsapp-backups" # BACKUP_S3_BUCKET\n' in text
    assert "max_backups = 5 # BACKUP_MAX_BACKUPS\n" in text
    assert all(secret not in text + answer.out + answer.err for secret in SECRETS.values())
    config = load_config(str(path))
    repository = config.repositories["s3"]
    assert repository.format == "tar.gz"
    assert config.jobs["backup"].sources[0].roots() == (str(tmp_path / "project" / "data"),)
    for name, secret in SECRETS.items():
        file = path.parent / f"{name.lower()}.key"
        assert file.read_text() == f"{secret}\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert tomllib.loads(text)["repositories"]["s3"].get("encryption_key") == {"file": "backup_encryption_key.key"}


def test_importing_reads_a_file_of_variables(call: Call, variables: Set, tmp_path: Path) -> None:
    (tmp_path / "project" / ".env").write_text(
        '# old\nexport BACKUP_DIR="backups"\nBACKUP_RETENTION_DAYS=14\nOTHER=1\n'
    )
    path = tmp_path / "project" / "config.toml"
    answer = call("--config", str(path), "config", "import-env", ".env")
    assert answer.code == 0
    assert 'path = "backups" # BACKUP_DIR\n' in path.read_text()
    assert "retention_days = 14 # BACKUP_RETENTION_DAYS\n" in path.read_text()
    assert call("--config", str(path), "run", "backup").code == 0


def test_importing_changes_nothing_that_exists(call: Call, variables: Set, tmp_path: Path) -> None:
    variables(**SECRETS, BACKUP_S3_BUCKET="b")
    path = tmp_path / "config.toml"
    path.write_text("before")
    assert call("config", "import-env", str(path)).code == 2
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.glob("*.key")] == []
    path.unlink()
    (tmp_path / "backup_s3_secret_key.key").write_text("another")
    assert call("config", "import-env", str(path)).code == 2
    assert [each.name for each in tmp_path.glob("*.key")] == ["backup_s3_secret_key.key"]
    assert not path.exists()
