"""The variables of the systems that this program replaces, and what they come to."""

from typing import Any

import pytest

from tui_backup.config.load import read_variables
from tui_backup.config.variables import are_set, describe, tables_of
from tui_backup.errors import ConfigError

S3 = {
    "BACKUP_S3_BUCKET": "my-whatsapp-backups",
    "BACKUP_S3_ACCESS_KEY": "AKIAIOSFODNN7EXAMPLE",
    "BACKUP_S3_SECRET_KEY": "s",
}
KEY = "minha-chave-super-secreta-256-bits"
DIRECTORY = {"BACKUP_DIR": "backups"}


def tables(**environment: str) -> Any:
    return tables_of(describe(environment))


def test_a_bucket_stands_for_the_system_that_keeps_three_archives_on_s3() -> None:
    assert tables(**S3) == {
        "timezone": "America/Sao_Paulo",
        "repositories": {
            "s3": {
                "format": "tar.gz",
                "name": "whatsapp-data-backup-{time:iso}",
                "compression_level": 6,
                "store": {
                    "kind": "s3",
                    "bucket": "my-whatsapp-backups",
                    "prefix": "backups",
                    "region": "us-east-1",
                    "access_key": {"env": "BACKUP_S3_ACCESS_KEY"},
                    "secret_key": {"env": "BACKUP_S3_SECRET_KEY"},
                },
            }
        },
        "jobs": {
            "backup": {
                "repositories": ["s3"],
                "max_backups": 3,
                "sources": [{"kind": "files", "paths": ["./data"]}],
            }
        },
    }


def test_every_variable_of_the_bucket_says_something() -> None:
    made = tables(
        **S3,
        BACKUP_S3_REGION="sa-east-1",
        BACKUP_S3_ENDPOINT="https://s3.example.org",
        BACKUP_COMPRESSION_LEVEL="9",
        BACKUP_ENCRYPTION_KEY=KEY,
        BACKUP_TIMEZONE="UTC",
        BACKUP_MAX_BACKUPS="5",
        BACKUP_RETENTION_DAYS="30",
        BACKUP_PATHS="./data:/srv/more",
    )
    repository, job = made["repositories"]["s3"], made["jobs"]["backup"]
    assert repository["store"]["region"] == "sa-east-1"
    assert repository["store"]["endpoint"] == "https://s3.example.org"
    assert repository["compression_level"] == 9
    assert repository["encryption_key"] == {"env": "BACKUP_ENCRYPTION_KEY"}
    assert made["timezone"] == "UTC"
    assert (job["max_backups"], job["retention_days"]) == (5, 30)
    assert job["sources"][0]["paths"] == ["./data", "/srv/more"]


def test_a_directory_stands_for_the_system_that_keeps_a_project_for_a_week() -> None:
    made = tables(**DIRECTORY)
    assert made == {
        "repositories": {
            "local": {
                "format": "tar.gz",
                "name": "backup_{time:seconds}",
                "compression_level": 6,
                "store": {"kind": "local", "path": "backups"},
            }
        },
        "jobs": {
            "backup": {
                "repositories": ["local"],
                "retention_days": 7,
                "sources": [
                    {
                        "kind": "files",
                        "paths": ["."],
                        "exclude": ["node_modules/", ".git/", "backups/", "logs/", ".env"],
                    }
                ],
            }
        },
    }


def test_nothing_is_left_out_of_paths_that_somebody_names() -> None:
    assert tables(**DIRECTORY, BACKUP_PATHS="a, b\nc")["jobs"]["backup"]["sources"] == [
        {"kind": "files", "paths": ["a", "b", "c"]}
    ]


def test_a_policy_that_is_set_takes_the_place_of_the_default_one() -> None:
    job = tables(**S3, BACKUP_RETENTION_DAYS="30")["jobs"]["backup"]
    assert job["retention_days"] == 30
    assert "max_backups" not in job


def test_a_bucket_comes_before_a_directory() -> None:
    assert list(tables(**S3, **DIRECTORY)["repositories"]) == ["s3"]


@pytest.mark.parametrize(
    ("environment", "is_encrypted"),
    [
        ({**S3, "BACKUP_ENCRYPTION_KEY": KEY}, True),
        ({**S3, "BACKUP_ENCRYPTION_KEY": KEY, "BACKUP_ENCRYPT": "false"}, False),
        (S3, False),
        ({**DIRECTORY, "BACKUP_ENCRYPTION_KEY": KEY}, False),
        ({**DIRECTORY, "BACKUP_ENCRYPTION_KEY": KEY, "BACKUP_ENCRYPT": "True"}, True),
    ],
)
def test_what_is_encrypted(environment: dict[str, str], is_encrypted: bool) -> None:
    (repository,) = tables(**environment)["repositories"].values()
    assert ("encryption_key" in repository) == is_encrypted


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"BACKUP_ENABLED": "true"}, "BACKUP_S3_BUCKET is not set"),
        ({"BACKUP_S3_REGION": "us-east-1", "BACKUP_S3_BUCKET": ""}, "BACKUP_S3_BUCKET is not set"),
        ({"BACKUP_S3_BUCKET": "b"}, "BACKUP_S3_ACCESS_KEY is not set"),
        ({"BACKUP_S3_BUCKET": "b", "BACKUP_S3_ACCESS_KEY": "a"}, "BACKUP_S3_SECRET_KEY is not set"),
        ({**DIRECTORY, "BACKUP_ENCRYPT": "true"}, "BACKUP_ENCRYPTION_KEY is not set"),
        ({**S3, "BACKUP_ENCRYPTION_KEY": "short"}, "BACKUP_ENCRYPTION_KEY: an encryption key needs at least 32"),
        ({**DIRECTORY, "BACKUP_ENCRYPT": "maybe"}, "BACKUP_ENCRYPT: 'maybe' is neither true nor false"),
        ({**S3, "BACKUP_MAX_BACKUPS": "three"}, "BACKUP_MAX_BACKUPS: 'three' is not a whole number"),
        ({**S3, "BACKUP_STOP_INSTANCES": "true"}, "BACKUP_INSTANCES is not set"),
        (
            {"BACKUP_STORAGE_LOCATION": "./backups"},
            "BACKUP_STORAGE_LOCATION: this version cannot back up databases yet",
        ),
        (
            {"BACKUP_STORAGE_LOCATION": "./backups", "DATABASE_URL": "postgresql://localhost/everest"},
            "DATABASE_URL: this version cannot back up databases yet",
        ),
    ],
)
def test_what_cannot_be_is_said_of_the_variable(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        describe(environment)


def test_what_stands_still_meanwhile() -> None:
    instances = {"BACKUP_INSTANCES": "systemd:whatsapp.service, docker:evolution-1\ndocker:evolution-2"}
    job = tables(**S3, **instances, BACKUP_STOP_INSTANCES="true")["jobs"]["backup"]
    assert job["stop"] == ["systemd:whatsapp.service", "docker:evolution-1", "docker:evolution-2"]
    assert "stop" not in tables(**S3, **instances)["jobs"]["backup"]
    (caution,) = describe({**S3, **instances}).cautions
    assert caution == "BACKUP_INSTANCES: nothing is stopped unless BACKUP_STOP_INSTANCES is true"


def test_an_instance_says_what_it_is() -> None:
    described = describe({**S3, "BACKUP_STOP_INSTANCES": "true", "BACKUP_INSTANCES": "evolution-1"})
    with pytest.raises(ConfigError, match=r'^BACKUP_INSTANCES: each is "systemd:UNIT", "docker:CONTAINER"'):
        read_variables(described, "/srv/app")


def test_what_changes_nothing_is_told() -> None:
    told = describe({**S3, "BACKUP_SCHEDULE": "0 2 * * *", "BACKUP_S3_REGIAO": "x"}).cautions
    assert [caution.partition(": ")[0] for caution in told] == [
        "BACKUP_SCHEDULE",
        "BACKUP_S3_REGIAO is no variable of this program",
    ]
    assert told[-1].endswith("did you mean BACKUP_S3_REGION?")
    assert describe({**S3, "BACKUP_ENABLED": "false"}).cautions == ()


@pytest.mark.parametrize(
    ("environment", "schedule"),
    [
        (S3, None),
        ({**S3, "BACKUP_ENABLED": "true"}, "0 2 * * *"),
        ({**DIRECTORY, "BACKUP_ENABLED": "true"}, "0 0 * * *"),
        ({**DIRECTORY, "BACKUP_ENABLED": "true", "BACKUP_SCHEDULE": "@hourly"}, "@hourly"),
        ({**DIRECTORY, "BACKUP_SCHEDULE": "@hourly"}, None),
    ],
)
def test_when_it_runs_by_itself(environment: dict[str, str], schedule: str | None) -> None:
    assert tables(**environment)["jobs"]["backup"].get("schedule") == schedule


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"BACKUP_DIR": "x"}, True),
        ({"BACKUP_DIR": ""}, False),
        ({"BACKUP_USB_PASSWORD": "x"}, False),
        ({"DATABASE_URL": "x"}, False),
    ],
)
def test_whether_anybody_has_set_one(environment: dict[str, str], expected: bool) -> None:
    assert are_set(environment) is expected
