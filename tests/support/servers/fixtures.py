"""Real servers as fixtures; each is started once, when the first test of a process asks for it."""

from collections.abc import Iterator

import pytest

from tests.support.servers.ceph import Ceph, shared_ceph
from tests.support.servers.docker import Docker, docker_engine
from tests.support.servers.fault_proxy import FaultProxy
from tests.support.servers.rclone import rclone_server
from tests.support.servers.relay import Relay
from tests.support.servers.s3 import S3Server, give_back, made
from tests.support.servers.sshd import SshServer, ssh_server


@pytest.fixture(autouse=True)
def _buckets_emptied() -> Iterator[None]:
    """Give back what buckets of one test hold: Ceph keeps it in memory."""
    before = len(made)
    yield
    give_back(before)


@pytest.fixture(scope="session")
def ceph() -> Iterator[Ceph]:
    """Ceph with its S3 servers; needs the component `radosgw`."""
    with shared_ceph() as shared:
        yield shared


@pytest.fixture(scope="session")
def radosgw(ceph: Ceph) -> S3Server:
    """Ceph's S3 server over HTTP."""
    return ceph.plain


@pytest.fixture(scope="session")
def radosgw_tls(ceph: Ceph) -> S3Server:
    """The same server, with the same buckets, over HTTPS."""
    return ceph.encrypted


@pytest.fixture(scope="session")
def rclone_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A weak S3 server; needs the component `rclone`."""
    with rclone_server(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_s3_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The weak S3 server over HTTPS."""
    with rclone_server(tmp_path_factory.mktemp("rclone-tls"), encrypted=True) as server:
        yield server


@pytest.fixture(scope="session")
def _engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    with docker_engine(tmp_path_factory.mktemp("docker")) as engine:
        yield engine


@pytest.fixture
def docker(_engine: Docker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Docker]:
    """A Docker engine without containers, to which clients speak; needs the component `docker`."""
    monkeypatch.setenv("DOCKER_HOST", _engine.host)
    yield _engine
    _engine.remove_all()


@pytest.fixture(scope="session")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """OpenSSH's server; needs the component `sshd`."""
    with ssh_server(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.fixture(scope="session")
def _proxy(radosgw: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(radosgw.endpoint) as proxy:
        yield proxy


@pytest.fixture
def proxy(_proxy: FaultProxy) -> Iterator[FaultProxy]:
    """A proxy before Ceph's S3 server (`radosgw.through(proxy.url)`), which does nothing yet and has seen nothing."""
    _proxy.set()
    yield _proxy
    _proxy.set()


@pytest.fixture(scope="session")
def _relay(ssh: SshServer) -> Iterator[tuple[Relay, SshServer]]:
    with Relay(ssh.port) as relay:
        yield relay, ssh.behind(relay.port)


@pytest.fixture
def relay(_relay: tuple[Relay, SshServer]) -> Iterator[Relay]:
    """A relay before OpenSSH's server, which does nothing yet; `relayed_ssh` is the server behind it."""
    _relay[0].set()
    yield _relay[0]
    _relay[0].set()


@pytest.fixture
def relayed_ssh(_relay: tuple[Relay, SshServer]) -> SshServer:
    """OpenSSH's server as it is reached through `relay`."""
    return _relay[1]
