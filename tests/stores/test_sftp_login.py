"""Whom a server must be, and what lets us in, on OpenSSH's own server."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.distant import new_place
from tests.support.servers.asyncssh_server import PASSWORD, USER, AsyncsshServer, asyncssh_server
from tests.support.servers.daemons import free_port
from tests.support.servers.relay import Relay
from tests.support.servers.sshd import SshServer, ssh_server
from tui_backup.errors import StoreError, StoreUnavailable
from tui_backup.primitives.secret import Secret, SecretSource
from tui_backup.stores.sftp import line
from tui_backup.stores.sftp.store import SftpStore

pytestmark = pytest.mark.requires("sshd")

KEY = "data/aa/object"


def store_on(server: SshServer, **options: object) -> SftpStore:
    url = f"sftp://{server.user}@127.0.0.1:{server.port}{server.files}/{new_place()}"
    given = {"key_file": server.key_file, "known_hosts": server.known_hosts}
    return SftpStore(**{"url": url, **given, **options})  # type: ignore[arg-type]  # options of all types


def works(store: SftpStore) -> None:
    store.create()
    store.put(KEY, b"content")
    assert store.get(KEY) == b"content"


def refusal(store: SftpStore) -> StoreError:
    with pytest.raises(StoreError) as refused:
        store.create()
    return refused.value


def keygen(*arguments: str | Path) -> str:
    return subprocess.check_output(["ssh-keygen", "-q", *arguments], text=True, stdin=subprocess.DEVNULL)


@pytest.fixture
def other_host_key(tmp_path: Path) -> str:
    keygen("-t", "ed25519", "-N", "", "-f", tmp_path / "other_host_key")
    return (tmp_path / "other_host_key.pub").read_text()


@pytest.fixture
def locked_key(ssh: SshServer, tmp_path: Path) -> Path:
    """The user's key, locked with a passphrase."""
    path = tmp_path / "locked"
    path.touch(0o600)
    path.write_bytes(Path(ssh.key_file).read_bytes())
    keygen("-p", "-N", "my passphrase", "-f", path)
    return path


def test_an_unknown_server_is_shown_by_its_fingerprint_and_the_line_to_add(ssh: SshServer, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.touch()
    store = store_on(ssh, known_hosts=str(hosts))
    refused = refusal(store)
    print_ = keygen("-l", "-f", Path(ssh.known_hosts).parent / "host_key.pub").split()[1]
    assert refused.message == f"the host key of [127.0.0.1]:{ssh.port} is not known: ssh-ed25519 {print_}"
    assert not refused.transient
    assert refused.hint is not None
    hosts.write_text(refused.hint.partition(" the line: ")[2] + "\n")
    works(store)


def test_a_server_with_another_key_than_before_is_an_alarm(ssh: SshServer, tmp_path: Path, other_host_key: str) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.write_text(f"[127.0.0.1]:{ssh.port} {other_host_key}")
    refused = refusal(store_on(ssh, known_hosts=str(hosts)))
    assert "has CHANGED" in refused.message
    assert not refused.transient
    assert f"ssh-keygen -R '[127.0.0.1]:{ssh.port}' -f {hosts}" in str(refused.hint)


def test_a_revoked_key_is_refused(ssh: SshServer, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    known = Path(ssh.known_hosts).read_text()
    hosts.write_text(f"{known}@revoked {known}")
    assert "revoked" in refusal(store_on(ssh, known_hosts=str(hosts))).message


def test_hashed_names_are_known_and_lines_without_sense_are_passed_over(ssh: SshServer, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.write_text(Path(ssh.known_hosts).read_text())
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", hosts], check=True, capture_output=True)
    assert "127.0.0.1" not in hosts.read_text()
    hosts.write_text("nonsense\n@unheard-of marker line\n" + hosts.read_text())
    works(store_on(ssh, known_hosts=str(hosts)))


def test_a_missing_file_of_known_hosts_is_named(ssh: SshServer, tmp_path: Path) -> None:
    refused = refusal(store_on(ssh, known_hosts=str(tmp_path / "none")))
    assert refused.message == f"the file {tmp_path}/none does not exist"


def test_an_ssh_config_does_not_talk_us_into_trusting_anybody(ssh: SshServer, tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    config.write_text("Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile none\n  GlobalKnownHostsFile none\n")
    assert "is not known" in refusal(store_on(ssh, known_hosts=None, ssh_config=str(config))).message


def test_a_key_that_the_server_does_not_know_is_tried_once(ssh: SshServer, tmp_path: Path) -> None:
    keygen("-t", "ed25519", "-N", "", "-f", tmp_path / "stranger")
    with Relay(ssh.port) as relay:
        behind = msgspec.structs.replace(ssh, port=relay.port)
        hosts = tmp_path / "known_hosts"
        hosts.write_text(Path(ssh.known_hosts).read_text().replace(str(ssh.port), str(relay.port)))
        store = store_on(behind, key_file=str(tmp_path / "stranger"), known_hosts=str(hosts))
        refused = refusal(store)
        assert relay.connections == 1
    assert "does not let us in" in refused.message
    assert not refused.transient


def test_a_locked_key_is_opened_by_its_passphrase(
    ssh: SshServer, locked_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSPHRASE", "my passphrase")
    works(store_on(ssh, key_file=str(locked_key), key_passphrase=SecretSource(env="PASSPHRASE")))


def test_a_wrong_passphrase_is_told_from_none(
    ssh: SshServer, locked_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    wrong = SecretSource(literal=Secret("wrong passphrase"))
    refused = refusal(store_on(ssh, key_file=str(locked_key), key_passphrase=wrong))
    assert refused.message.startswith(f"cannot use the key {locked_key}: ")
    assert "wrong passphrase" not in f"{refused.message} {refused.hint}"
    assert refusal(store_on(ssh, key_file=str(locked_key))).message == f"the key {locked_key} needs its passphrase"


def test_a_missing_key_file_is_named(ssh: SshServer, tmp_path: Path) -> None:
    refused = refusal(store_on(ssh, key_file=str(tmp_path / "none")))
    assert refused.message == f"cannot read {tmp_path}/none: No such file or directory"
    assert not refused.transient


def test_a_key_that_others_may_read_is_refused(ssh: SshServer, locked_key: Path) -> None:
    locked_key.chmod(0o640)
    refused = refusal(store_on(ssh, key_file=str(locked_key)))
    assert refused.message == f"others may read or change {locked_key}"
    assert refused.hint == f"chmod 600 {locked_key}"


@pytest.fixture
def agent(ssh: SshServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An agent that holds the user's key."""
    path = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL) as process:
        try:
            while not path.exists():
                assert process.poll() is None
            monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
            subprocess.run(["ssh-add", "-q", ssh.key_file], check=True)
            yield
        finally:
            process.terminate()


@pytest.mark.usefixtures("agent")
def test_the_agent_lets_in_with_and_without_a_key_file(ssh: SshServer, locked_key: Path) -> None:
    works(store_on(ssh, key_file=None))
    locked_key.with_name("locked.pub").write_bytes(Path(f"{ssh.key_file}.pub").read_bytes())
    works(store_on(ssh, key_file=str(locked_key)))


def test_an_agent_that_is_gone_keeps_nobody_out(
    ssh: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere/agent")
    hosts = tmp_path / "known_hosts"
    hosts.write_bytes(Path(ssh.known_hosts).read_bytes())
    works(store_on(ssh, known_hosts=str(hosts)))
    assert "does not let us in" in refusal(store_on(ssh, known_hosts=str(hosts), key_file=None)).message


def test_what_ssh_would_use_is_used_without_options(ssh: SshServer, home: Path) -> None:
    directory = home / ".ssh"
    directory.mkdir(0o700)
    (directory / "known_hosts").write_bytes(Path(ssh.known_hosts).read_bytes())
    (directory / "config").write_text(
        f"Host Elsewhere\n  HostName 127.0.0.1\n  Port {ssh.port}\n  User {ssh.user}\n"
        f"  IdentityFile ~/.ssh/none\n  IdentityFile {ssh.key_file}\n"
    )
    works(SftpStore(url=f"sftp://Elsewhere{ssh.files}/{new_place()}"))


def test_a_directory_in_the_home_of_the_user(ssh: SshServer) -> None:
    name = f".tui-backup-test-{new_place()}"
    store = store_on(ssh, url=f"sftp://{ssh.user}@127.0.0.1:{ssh.port}/~/{name}")
    try:
        works(store)
        assert [found.key for found in store.objects()] == [KEY]
    finally:
        subprocess.run(["rm", "-rf", os.path.join(os.path.expanduser(f"~{ssh.user}"), name)], check=True)


@pytest.fixture
def jump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A host with a key and a user's key of its own."""
    with ssh_server(tmp_path_factory.mktemp("jump")) as server:
        yield server


def jumping(ssh: SshServer, jump: SshServer, path: Path) -> str:
    """Write an ssh_config that leads to `target` by way of `gate`."""
    path.write_text(
        f"Host gate\n  HostName 127.0.0.1\n  Port {jump.port}\n  IdentityFile {jump.key_file}\n"
        f"Host target\n  HostName 127.0.0.1\n  Port {ssh.port}\n  IdentityFile {ssh.key_file}\n"
        f"Host target alone\n  ProxyJump {jump.user}@gate\n"
        f"Host *\n  User {ssh.user}\n  StrictHostKeyChecking no\n"
    )
    return str(path)


def test_a_jump_host_leads_there(ssh: SshServer, jump: SshServer, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.write_text(Path(ssh.known_hosts).read_text() + Path(jump.known_hosts).read_text())
    works(
        SftpStore(
            url=f"sftp://target{ssh.files}/{new_place()}",
            known_hosts=str(hosts),
            ssh_config=jumping(ssh, jump, tmp_path / "ssh_config"),
        )
    )
    assert "Accepted publickey" in (Path(jump.ssh_config).parent / "sshd.log").read_text()


def test_the_key_file_opens_a_jump_host_that_has_none_of_its_own(
    ssh: SshServer, jump: SshServer, tmp_path: Path, locked_key: Path
) -> None:
    with (Path(jump.ssh_config).parent / "authorized_keys").open("a") as authorized:
        authorized.write(Path(f"{ssh.key_file}.pub").read_text())
    hosts, config = tmp_path / "known_hosts", tmp_path / "ssh_config"
    hosts.write_text(Path(ssh.known_hosts).read_text() + Path(jump.known_hosts).read_text())
    config.write_text(f"Host target\n  HostName 127.0.0.1\n  ProxyJump {jump.user}@127.0.0.1:{jump.port}\n")
    works(
        SftpStore(
            url=f"sftp://{ssh.user}@target:{ssh.port}{ssh.files}/{new_place()}",
            key_file=str(locked_key),
            key_passphrase=SecretSource(literal=Secret("my passphrase")),
            known_hosts=str(hosts),
            ssh_config=str(config),
        )
    )


def test_a_jump_host_has_to_be_known_too(ssh: SshServer, jump: SshServer, tmp_path: Path) -> None:
    store = SftpStore(
        url=f"sftp://target{ssh.files}/{new_place()}",
        known_hosts=ssh.known_hosts,
        ssh_config=jumping(ssh, jump, tmp_path / "ssh_config"),
    )
    assert f"the host key of [127.0.0.1]:{jump.port} is not known" in refusal(store).message


def test_jump_hosts_in_a_circle_end(ssh: SshServer, tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    config.write_text("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
    store = SftpStore(url="sftp://a/srv", known_hosts=ssh.known_hosts, ssh_config=str(config))
    assert "circle" in refusal(store).message


def test_a_proxy_command_leads_there_whatever_it_says_on_stderr(
    ssh: SshServer, jump: SshServer, tmp_path: Path
) -> None:
    config = tmp_path / "ssh_config"
    config.write_text(
        f"Host elsewhere\n  HostKeyAlias 127.0.0.1\n  Port {ssh.port}\n"
        f"  User {ssh.user}\n  IdentityFile {ssh.key_file}\n"
        f"  ProxyCommand sh -c 'echo hello >&2; exec ssh -F {jump.ssh_config} -W 127.0.0.1:%p tests'\n"
    )
    works(
        SftpStore(url=f"sftp://elsewhere{ssh.files}/{new_place()}", known_hosts=ssh.known_hosts, ssh_config=str(config))
    )


def test_an_ssh_config_that_makes_no_sense_is_named(ssh: SshServer, tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    config.write_text("Port many\n")
    assert f"{config} line 1" in refusal(store_on(ssh, ssh_config=str(config))).message


def test_a_name_that_nobody_has_is_no_matter_of_patience(ssh: SshServer) -> None:
    began = time.monotonic()
    refused = refusal(store_on(ssh, url="sftp://no-such-host.invalid/srv"))
    assert re.match("cannot connect to no-such-host.invalid: ", refused.message)
    assert time.monotonic() - began < line.FIRST_PATIENCE_S


def test_where_nobody_listens_it_is_tried_for_a_while(ssh: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "FIRST_PATIENCE_S", 0.5)
    refused = refusal(store_on(ssh, url=f"sftp://127.0.0.1:{free_port()}/srv"))
    assert isinstance(refused, StoreUnavailable)
    assert refused.message.endswith("Connection refused")


@pytest.fixture(scope="module")
def by_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsyncsshServer]:
    """A server of another make that knows no keys."""
    with asyncssh_server(tmp_path_factory.mktemp("asyncssh")) as server:
        yield server


def with_password(server: AsyncsshServer, password: str) -> SftpStore:
    return SftpStore(
        url=f"sftp://{USER}@127.0.0.1:{server.port}{server.files}/{new_place()}",
        known_hosts=server.known_hosts,
        password=SecretSource(literal=Secret(password)),
    )


def test_a_password_lets_in(by_password: AsyncsshServer) -> None:
    works(with_password(by_password, PASSWORD))


def test_a_wrong_password_is_refused_and_never_shown(by_password: AsyncsshServer) -> None:
    store = with_password(by_password, "guesswork")
    refused = refusal(store)
    assert "does not let us in" in refused.message
    assert "guesswork" not in f"{refused.message} {refused.hint} {store!r}"
