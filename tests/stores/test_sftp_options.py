"""What the options of an SFTP store mean."""

import subprocess
import sys
from pathlib import Path

import pytest

from tui_backup.primitives.secret import Secret, SecretSource
from tui_backup.stores.recipes import opened
from tui_backup.stores.sftp.store import SftpStore


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sftp://backup@host/srv/backups", "sftp:backup@host:/srv/backups"),
        ("sftp://backup@host//srv/backups/", "sftp:backup@host:/srv/backups"),
        ("sftp://Host-Alias/srv", "sftp:Host-Alias:/srv"),
        ("sftp://host/~/backups", "sftp:host:backups"),
        ("sftp://host/~", "sftp:host:."),
        ("sftp://host:2222/srv", "sftp://host:2222//srv"),
        ("sftp://u@host:2222/~/b", "sftp://u@host:2222/b"),
        ("sftp://[::1]/srv", "sftp://[::1]//srv"),
        ("sftp://host/with%20blank/%C3%A9", "sftp:host:/with blank/é"),
        ("sftp://host/", "sftp:host:/"),
    ],
)
def test_a_place_is_called_as_restic_calls_it(url: str, shown: str) -> None:
    assert SftpStore(url=url).describe() == shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host:/srv",
        "sftp:backup@host:/srv",
        "ssh://host/srv",
        "sftp://host",
        "sftp:///srv",
        "sftp://host:x/srv",
        "sftp://host:99999/srv",
        "sftp://user:tiger@host/srv",
        "sftp://-oProxyCommand=x/srv",
        "sftp://-l@host/srv",
        "sftp://ho st/srv",
        "sftp://host/srv?x",
        "sftp://host/srv#x",
        "sftp://host/a%0Ab",
        "sftp://host/a%00b",
        "sftp://[::1/srv",
    ],
)
def test_what_is_no_address_is_refused_with_its_key(url: str) -> None:
    with pytest.raises(ValueError, match=r"^url: ") as refused:
        SftpStore(url=url)
    assert "tiger" not in str(refused.value)


def test_paths_are_those_of_the_configuration(home: Path) -> None:
    store = SftpStore(url="sftp://host/srv", key_file="~/.ssh/id", known_hosts="hosts", ssh_config="/etc/mine")
    rooted = store.rooted("/etc/tui-backup")
    assert (rooted.key_file, rooted.known_hosts, rooted.ssh_config) == (
        f"{home}/.ssh/id",
        "/etc/tui-backup/hosts",
        "/etc/mine",
    )


def test_another_process_gets_the_secrets_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "open sesame")
    store = SftpStore(url="sftp://host/srv", password=SecretSource(env="SECRET"))
    recipe = store.recipe()
    assert recipe is not None
    other = opened(recipe)
    assert isinstance(other, SftpStore)
    assert other.password == SecretSource(literal=Secret("open sesame"))
    assert "sesame" not in repr(other)


def test_knowing_a_store_does_not_take_what_using_it_takes() -> None:
    program = (
        "import sys; from tui_backup.stores.sftp.store import SftpStore; SftpStore(url='sftp://host/srv').describe(); "
        "print({'asyncio', 'asyncssh', 'tenacity'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "set()"
