"""The servers of the tests do what tests believe of them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.servers.daemons import listens, until
from tests.support.servers.fault_proxy import FaultProxy, Rule
from tests.support.servers.relay import Relay, Trouble
from tests.support.servers.s3 import S3Server
from tests.support.servers.sshd import SshServer

ROOT = Path(__file__).parent.parent.parent.parent
MEBIBYTE = 1024 * 1024


@pytest.mark.requires("radosgw")
def test_the_cluster_ends_with_its_last_user_even_one_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.servers.ceph"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        said = ""
        while not said.endswith("}\n}\n"):
            said += user.stdout.readline()
        port = int(said.split("http://127.0.0.1:")[1].split('"')[0])
        assert listens(port)
        user.kill()
    until(lambda: not listens(port), lambda: "it is still there")
    until(lambda: not list(tmp_path.glob("*/cluster")), lambda: "its data are still there")


@pytest.mark.requires("radosgw")
def test_both_ends_of_a_server_show_the_same_buckets(radosgw: S3Server, radosgw_tls: S3Server) -> None:
    bucket = radosgw.new_bucket()
    with radosgw_tls.client() as client:
        client.put_object(Bucket=bucket, Key="a/b c", Body=b"content")
    assert radosgw.keys(bucket) == ["a/b c"]


@pytest.mark.requires("rclone")
def test_the_weak_server_speaks_tls(rclone_s3_tls: S3Server) -> None:
    assert rclone_s3_tls.keys(rclone_s3_tls.new_bucket()) == []


class Client:
    """One bucket behind the proxy, and every request once."""

    def __init__(self, server: S3Server, proxy: FaultProxy) -> None:
        self._server, self._proxy = server, proxy
        self._bucket = server.new_bucket()

    def put(self, key: str, body: bytes) -> str:
        """Return the error's kind, empty if there was none."""
        return self._attempt(lambda client: client.put_object(Bucket=self._bucket, Key=key, Body=body))

    def get(self, key: str) -> bytes | str:
        """Return the content, or the error's kind."""
        content = b""

        def get(client: Any) -> None:
            nonlocal content
            content = client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

        return self._attempt(get) or content

    @property
    def keys(self) -> list[str]:
        """What lies there, whatever the proxy does."""
        return self._server.keys(self._bucket)

    def _attempt(self, work: Callable[[Any], object]) -> str:
        with self._server.through(self._proxy.url).client() as client:
            try:
                work(client)
            except (BotoCoreError, ClientError) as error:
                return type(error).__name__
            return ""


@pytest.fixture
def client(radosgw: S3Server, proxy: FaultProxy) -> Client:
    return Client(radosgw, proxy)


@pytest.mark.requires("radosgw")
def test_requests_and_answers_get_lost(client: Client, proxy: FaultProxy) -> None:
    proxy.set(Rule(reset=True, path="never$"), Rule(lose_answer=True, path="done$"), Rule(cut_upload=9, path="half$"))
    for key in ("never", "done", "half"):
        assert client.put(key, b"x" * MEBIBYTE) == "ConnectionClosedError"
    assert client.keys == ["done"]
    assert [(seen.method, seen.path.rpartition("/")[2], seen.status, seen.rule) for seen in proxy.seen] == [
        ("PUT", "never", 0, 0),
        ("PUT", "done", 0, 1),
        ("PUT", "half", 0, 2),
    ]


@pytest.mark.requires("radosgw")
def test_answers_are_cut_changed_and_late(client: Client, proxy: FaultProxy) -> None:
    content = os.urandom(MEBIBYTE)
    assert client.put("key", content) == ""
    proxy.set(Rule(truncate=1000, count=1), Rule(flip=600_000, count=1), Rule(stall=0.3, count=1))
    assert client.get("key") == "ResponseStreamingError"
    flipped = client.get("key")
    assert isinstance(flipped, bytes)
    assert [at for at in range(MEBIBYTE) if flipped[at] != content[at]] == [600_000]
    begun = time.monotonic()
    assert client.get("key") == content
    assert time.monotonic() - begun > 0.3


@pytest.mark.requires("radosgw")
def test_a_share_is_refused_from_the_second_on(client: Client, proxy: FaultProxy) -> None:
    proxy.set(Rule(method="PUT", nth=2, count=20, share=0.5, status=503, retry_after=1))
    ended = [client.put("key", b"") for _number in range(30)]
    assert ended[0] == ""
    assert 5 < ended.count("ClientError") < 15
    assert ended[21:] == [""] * 9


@pytest.mark.requires("sshd")
def test_a_connection_is_cut_and_the_next_is_not(relay: Relay, relayed_ssh: SshServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(MEBIBYTE))

    def upload(name: str) -> int:
        command = ["sftp", "-q", "-F", relayed_ssh.ssh_config, "-b", "-", "tests"]
        line = f"put {tmp_path}/file {relayed_ssh.files}/{name}\n"
        return subprocess.run(command, input=line.encode(), capture_output=True, check=False).returncode

    relay.set(Trouble(up=MEBIBYTE // 2, count=1))
    assert upload("cut") != 0
    assert upload("whole") == 0
    assert relay.connections == 2
    assert Path(relayed_ssh.files, "cut").stat().st_size < MEBIBYTE
    assert Path(relayed_ssh.files, "whole").stat().st_size == MEBIBYTE
