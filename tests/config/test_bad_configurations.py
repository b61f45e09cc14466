"""Whatever is wrong with a configuration: one line that says where and what, and exit code 2."""

from pathlib import Path

import pytest

from tests.config.writing import GOOD, changed, load
from tui_backup.errors import ConfigError

JOB = "[jobs.site]"
SOURCE = '[[jobs.site.sources]]\nkind = "files"\n'
LOCAL = "[repositories.local]"
PASSWORD = 'password = { file = "backups.key" }'
S3 = 'kind = "s3", bucket = "b"'
STORE = 'store = { kind = "local", path = "backups" }'


def refusal(directory: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(directory, text)
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(f"{directory / 'config.toml'}:")
    return caught.value


@pytest.mark.parametrize(
    ("line", "instead", "complaint"),
    [
        ('timezone = "Europe/Berlin"', "timezone = 5", "1: timezone: must be text, not a whole number"),
        (
            'timezone = "Europe/Berlin"',
            'timezone = "Europe/Berlen"',
            "1: timezone: there is no time zone 'Europe/Berlen'; did you mean Europe/Berlin?",
        ),
        ('timezone = "Europe/Berlin"', 'timezone = "../etc"', "1: timezone: there is no time zone '../etc'"),
        ('timezone = "Europe/Berlin"', 'timezone = "Europe"', "1: timezone: there is no time zone 'Europe'"),
        ('state_dir = "state"', 'state_dir = ""', "2: state_dir: must not be empty"),
        ('state_dir = "state"', 'state_dir = "a\\u0000b"', "2: state_dir: must not contain a NUL character"),
        (
            'log_level = "debug"',
            'log_level = "loud"',
            "3: log_level: must be one of error, warning, info, debug, not 'loud'",
        ),
        ('log_level = "debug"', "log_level = 1", "3: log_level: must be one of error, warning, info, debug, not 1"),
        ('log_level = "debug"', 'language = "pt"', "3: language: must be one of en, pt_BR, not 'pt'"),
        ('log_level = "debug"', 'metrics_file = ""', "3: metrics_file: must not be empty"),
        ('log_level = "debug"', 'log_format = "xml"', "3: log_format: must be one of text, json, not 'xml'"),
        ('log_level = "debug"', 'colour = "red"', "3: colour: unknown key"),
        (LOCAL, "[repositories.Local]", "5: repositories.Local: not a name"),
        (LOCAL, '[repositories."a b"]', '5: repositories."a b": not a name'),
        (LOCAL, '[repositories."a\\nb"]', '5: repositories."a\\nb": not a name'),
        (
            'format = "restic"',
            'format = "rar"',
            "6: repositories.local.format: 'rar' is unknown",
        ),
        (
            'format = "restic"',
            'format = "tar.gz"',
            "8: repositories.local.password: a repository of the format tar.gz has no such key",
        ),
        (PASSWORD, 'name = "x"', "8: repositories.local.name: a repository of the format restic has no such key"),
        ('format = "restic"', "format = 7", "6: repositories.local.format: must be text, not a whole number"),
        (STORE, "", "5: repositories.local.store: this is missing"),
        (STORE, 'store = "backups"', "7: repositories.local.store: must be a table, not text"),
        (STORE, 'store = { path = "x" }', "7: repositories.local.store.kind: this must name a kind"),
        (STORE, 'store = { kind = "local" }', "7: repositories.local.store.path: this is missing"),
        (STORE, 'store = { kind = "local", path = 1 }', "7: repositories.local.store.path: must be text"),
        (STORE, 'store = { kind = "local", path = "" }', "7: repositories.local.store.path: must not be empty"),
        (
            STORE,
            'store = { kind = "local", path = "x", pfad = "y" }',
            "7: repositories.local.store.pfad: unknown key",
        ),
        (STORE, 'store = { kind = "s3" }', "7: repositories.local.store.bucket: this is missing"),
        (STORE, f"store = {{ {S3}, lock_days = 3 }}", "7: repositories.local.store.lock_days: unknown key"),
        (STORE, f'store = {{ {S3}, endpoint = "host" }}', "7: repositories.local.store.endpoint: must be https:// or"),
        (STORE, f'store = {{ {S3}, access_key = "A" }}', "7: repositories.local.store.secret_key: access_key and"),
        (STORE, f'store = {{ {S3}, prefix = "a//b" }}', "7: repositories.local.store.prefix: must be a path"),
        (STORE, f'store = {{ {S3}, sse = "AES" }}', "7: repositories.local.store.sse: must be one of AES256, aws:kms"),
        (STORE, 'store = { kind = "s3", bucket = "a/b" }', "7: repositories.local.store.bucket: must be the name of"),
        (STORE, 'store = { kind = "memory" }', "7: repositories.local.store.kind: 'memory' is unknown"),
        (STORE, 'store = { kind = "locl", path = "x" }', "7: repositories.local.store.kind: 'locl' is unknown"),
        (PASSWORD, "", "5: repositories.local.password: this is missing"),
        (PASSWORD, "password = 5", "8: repositories.local.password: must be one of { env"),
        (PASSWORD, "password = {}", "8: repositories.local.password: must be one of { env"),
        (PASSWORD, 'password = { fiel = "x" }', "8: repositories.local.password: must be one of { env"),
        (PASSWORD, 'password = { command = "pass" }', "8: repositories.local.password: must be one of { env"),
        (
            'compression = "max"',
            'compression = "best"',
            "9: repositories.local.compression: must be one of auto, max, off, not 'best'",
        ),
        ('compression = "max"', 'compresion = "max"', "9: repositories.local.compresion: unknown key"),
        ('min_free = "5%"', 'min_free = "lots"', "10: repositories.local.min_free: 'lots' is not a size"),
        ('min_free = "5%"', 'min_free = "500%"', "10: repositories.local.min_free: '500%' is not a percentage"),
        ('min_free = "5%"', "min_free = -1", "10: repositories.local.min_free: -1 is not a size"),
        ('min_free = "5%"', "min_free = true", "10: repositories.local.min_free: must be"),
        ("trusted = false", 'trusted = "no"', "11: repositories.local.trusted: must be true or false, not text"),
        (
            "trusted = false",
            "object_lock_days = 30",
            "11: repositories.local.object_lock_days: this kind of store cannot lock",
        ),
        ("trusted = false", 'limit_upload = "fast"', "11: repositories.local.limit_upload: 'fast' is not a rate"),
        ("trusted = false", 'limit_download = "0MB/s"', "11: repositories.local.limit_download: '0MB/s' is not a rate"),
        (JOB, "[jobs._site]", "13: jobs._site: not a name"),
        ('repositories = ["local"]', "", "13: jobs.site.repositories: this is missing"),
        ('repositories = ["local"]', "repositories = []", "14: jobs.site.repositories: a job needs a repository"),
        (
            'repositories = ["local"]',
            'repositories = ["locale"]',
            "14: jobs.site.repositories[0]: there is no repository 'locale'",
        ),
        ('repositories = ["local"]', 'repositories = "local"', "14: jobs.site.repositories: must be a list, not text"),
        ('repositories = ["local"]', "repositories = [5]", "14: jobs.site.repositories[0]: must be text"),
        (
            'repositories = ["local"]',
            'repositories = ["local", "local"]',
            "14: jobs.site.repositories[1]: 'local' is named twice",
        ),
        ('repositories = ["local"]', 'repository = "local"', "14: jobs.site.repository: unknown key"),
        ('expected_every = "26h"', 'expected_every = "26"', "15: jobs.site.expected_every: '26' is not a duration"),
        ('expected_every = "26h"', "expected_every = 26", "15: jobs.site.expected_every: must be text"),
        ('expected_every = "26h"', 'expected_every = "0d"', "15: jobs.site.expected_every: must be longer"),
        (
            'expected_every = "26h"',
            'schedule = "0 2 * *"',
            "15: jobs.site.schedule: '0 2 * *' is no schedule",
        ),
        (
            'expected_every = "26h"',
            'verify_subset = "2/7"',
            "15: jobs.site.verify_subset: write 1/7, so that seven runs read everything",
        ),
        (
            'on_change = "incomplete"',
            'on_change = "fail"',
            "16: jobs.site.on_change: must be one of warn, incomplete, not 'fail'",
        ),
        ('on_change = "incomplete"', 'timezone = "Mars"', "16: jobs.site.timezone: there is no time zone 'Mars'"),
        ('kind = "files"', "", "18: jobs.site.sources[0].kind: this must name a kind"),
        (
            'kind = "files"',
            'kind = "postgres"',
            "19: jobs.site.sources[0].kind: this version cannot back up databases yet",
        ),
        ('paths = ["static", "/srv"]', "", "18: jobs.site.sources[0].paths: this is missing"),
        ('paths = ["static", "/srv"]', "paths = []", ": jobs.site.sources[0]"),
        ('paths = ["static", "/srv"]', 'paths = ["/srv", ""]', "20: jobs.site.sources[0].paths[1]: must not be empty"),
        ('paths = ["static", "/srv"]', 'paths = "/srv"', "20: jobs.site.sources[0].paths: must be a list, not text"),
        (
            'exclude = ["logs/"]',
            'exclude = ["logs/", "[abc"]',
            "21: jobs.site.sources[0].exclude: not a valid pattern: '",
        ),
        ("exclude_caches = true", 'exclude_caches = "yes"', "23: jobs.site.sources[0].exclude_caches: must be true or"),
        (
            'exclude_larger_than = "2GB"',
            'exclude_larger_than = "2 elephants"',
            "24: jobs.site.sources[0].exclude_larger_than: '2 elephants' is not a size",
        ),
        ("one_file_system = true", "one_filesystem = true", "25: jobs.site.sources[0].one_filesystem: unknown key"),
        ("one_file_system = true", "[notifiers.ops]", "25: notifiers.ops.kind: this must name a kind"),
        ("one_file_system = true", "[jobs.site]", "25: not valid TOML: jobs.site: this table is given twice"),
        (LOCAL, "[repositories.local", "5: not valid TOML: "),
        ('log_level = "debug"', 'timezone = "UTC"', "3: not valid TOML: "),
        ('state_dir = "state"', "state_dir = state", "2: not valid TOML: "),
    ],
)
def test_a_bad_line_is_named_with_its_key(tmp_path: Path, line: str, instead: str, complaint: str) -> None:
    assert complaint in refusal(tmp_path, changed(line, instead)).message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("jobs = 5", "1: jobs: must be a table, not a whole number"),
        ("[jobs]\nsite = 5", "2: jobs.site: must be a table, not a whole number"),
        ("[[jobs]]\nname = 'site'", "1: jobs: must be a table, not a list"),
        (GOOD.partition("[[")[0], "13: jobs.site.sources: this is missing"),
        (GOOD.partition("[[")[0] + "sources = []", "18: jobs.site.sources: a job needs at least one source"),
        (GOOD.partition("[[")[0] + "sources = ['/srv']", "18: jobs.site.sources[0]: must be a table, not text"),
        ("x = " + "[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_table_or_lacks_one_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in refusal(tmp_path, text).message


@pytest.mark.parametrize(
    ("line", "instead", "hint"),
    [
        ('compression = "max"', 'compresion = "max"', "did you mean compression?"),
        ("one_file_system = true", "one_filesystem = true", "did you mean one_file_system?"),
        ('repositories = ["local"]', 'repositories = ["locale"]', "did you mean local?"),
        (
            'log_level = "debug"',
            'zzz = "red"',
            "known here: jobs, language, log_format, log_level, metrics_file, notifiers, repositories, state_dir, "
            "theme, timezone",
        ),
        (STORE, 'store = { kind = "memory" }', "known here: local, s3, sftp"),
    ],
)
def test_the_nearest_known_word_is_offered(tmp_path: Path, line: str, instead: str, hint: str) -> None:
    assert refusal(tmp_path, changed(line, instead)).hint == hint


def test_what_is_no_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b'timezone = "UTC"\n# caf\xe9\n')
    from tui_backup.config.load import load_config

    with pytest.raises(ConfigError, match=r"config\.toml:2: not UTF-8"):
        load_config(str(path))


@pytest.mark.parametrize("instead", ["password = 'tr0ub4dor'\ntrusted = 5", "password = { literal = 'tr0ub4dor' }"])
def test_no_error_repeats_a_secret(tmp_path: Path, instead: str) -> None:
    text = changed("trusted = false", "").replace(PASSWORD, instead)
    error = refusal(tmp_path, text)
    assert "tr0ub4dor" not in f"{error!r} {error} {error.hint}"
