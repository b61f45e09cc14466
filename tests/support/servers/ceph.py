"""Ceph's radosgw over one monitor and one storage daemon in memory: a strict S3 server.

All processes of the tests share one. A keeper, a process of its own, starts it and ends it when the last user is
gone; users hold a lock that the kernel takes from them however they end. `python -m tests.support.servers.ceph` holds
it up until Ctrl+C and says how to reach it.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from tests.support.servers.certificates import make_certificates
from tests.support.servers.daemons import LOCALHOST, daemon, free_port, tail, until, wait_until_it_listens
from tests.support.servers.s3 import S3Server

PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin", "setpriv")

_ROOT = Path(__file__).parent.parent.parent.parent
_LOOK_S = 0.2

_CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{monitor}
ms_bind_ipv4 = true
ms_bind_ipv6 = false
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 1
paxos_propose_interval = 0.01
paxos_min_wait = 0.01
run_dir = {directory}
pid_file =
admin_socket = {directory}/$name.$pid.asok
log_file = {directory}/$name.log
crash_dir = {directory}
keyring = {directory}/keyring
osd_objectstore = memstore
memstore_device_bytes = 8589934592
mon_data = {directory}/mon
osd_data = {directory}/osd
osd_journal = {directory}/osd/journal
rgw_data = {directory}/rgw
osd_client_watch_timeout = 3
rgw_enable_usage_log = false
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
rgw_user_quota_bucket_sync_interval = 0
rgw_bucket_quota_ttl = 0
debug_rgw = 0
debug_ms = 0
"""

_CAPABILITIES = {
    "mon.": ("mon", "allow *"),
    "client.admin": ("mon", "allow *", "osd", "allow *", "mgr", "allow *"),
    "client.rgw": ("mon", "allow rw", "osd", "allow rwx", "mgr", "allow rw"),
    "osd.0": ("mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd"),
}


class Ceph(msgspec.Struct, frozen=True):
    """A cluster that runs, and its S3 servers."""

    directory: str
    plain: S3Server
    encrypted: S3Server

    @contextmanager
    def gateway(self, log: Path, port: int, options: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """Run one more radosgw over the same buckets; `options` are Ceph's own (`rgw_max_listing_results`)."""
        with _gateway(
            self.directory, log, {"rgw_frontends": f"beast endpoint={LOCALHOST}:{port}", **options}
        ) as process:
            wait_until_it_listens(port, process, log)
            yield process

    def administer(self, *arguments: str) -> str:
        """Run radosgw-admin."""
        return _administer(self.directory, *arguments)

    def new_user(self, *, quota_bytes: int = 0) -> S3Server:
        """Make a user with keys of their own, who owns nothing; without a quota, anything may be stored."""
        name = f"tests-{uuid.uuid4().hex[:12]}"
        _make_user(self.directory, name, name.upper(), name[::-1])
        if quota_bytes:
            quota = ["--quota-scope", "user", "--uid", name]
            self.administer("quota", "set", *quota, "--max-size", str(quota_bytes))
            self.administer("quota", "enable", *quota)
        return msgspec.structs.replace(self.plain, access_key=name.upper(), secret_key=name[::-1])


@contextmanager
def shared_ceph() -> Iterator[Ceph]:
    """Use the cluster of this machine's user; the first one starts it, the last one ends it."""
    place = _place()
    with (place / "users").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (place / "starting").open("ab") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not _is_kept(place):
                _start_keeper(place)
            until(lambda: (place / "ceph.json").exists() or not _is_kept(place), lambda: tail(place / "keeper.log"))
        if not (place / "ceph.json").exists():
            raise RuntimeError(f"no radosgw: {tail(place / 'keeper.log')}")
        yield msgspec.json.decode((place / "ceph.json").read_bytes(), type=Ceph)


def _place() -> Path:
    """Return the directory by which processes of one user and of this version of the tests find each other."""
    version = zlib.crc32(Path(__file__).read_bytes())
    place = Path(tempfile.gettempdir(), f"tui-backup-tests-{os.getuid()}-{version:08x}")
    place.mkdir(0o700, exist_ok=True)
    if place.lstat().st_uid != os.getuid():
        raise RuntimeError(f"{place} belongs to somebody else")
    return place


def _is_kept(place: Path) -> bool:
    """Whether a keeper lives."""
    with (place / "keeper").open("ab") as keeper:
        try:
            fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _start_keeper(place: Path) -> None:
    """Start a keeper that is nobody's child; return once it holds its lock."""
    (place / "ceph.json").unlink(missing_ok=True)
    with (place / "keeper.log").open("wb") as log:
        command = ["setsid", "--fork", sys.executable, "-m", "tests.support.servers.ceph", str(place)]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=_ROOT, check=True)
    until(lambda: _is_kept(place) or tail(place / "keeper.log") != "", lambda: "no keeper")


def keep(place: Path) -> None:
    """Hold a cluster up until nobody uses it, or one of its daemons ends."""
    with (place / "keeper").open("ab") as keeper, (place / "users").open("ab") as users, ExitStack() as stack:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        directory = place / "cluster"
        shutil.rmtree(directory, ignore_errors=True)
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        daemons: list[subprocess.Popen[bytes]] = []
        ceph = _start(directory, stack, daemons)
        (place / "ceph.json.new").write_bytes(msgspec.json.encode(ceph))
        (place / "ceph.json.new").rename(place / "ceph.json")
        while all(process.poll() is None for process in daemons):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_LOOK_S)
        (place / "ceph.json").unlink()
        for process in daemons:
            process.kill()


def _start(directory: Path, stack: ExitStack, daemons: list[subprocess.Popen[bytes]]) -> Ceph:
    for part in ("mon", "osd", "rgw"):
        (directory / part).mkdir(parents=True)
    fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
    monitor, plain, encrypted = free_port(), free_port(), free_port()
    text = _CONFIGURATION.format(fsid=fsid, monitor=monitor, directory=directory)
    (directory / "ceph.conf").write_text(text)
    for number, (name, capabilities) in enumerate(_CAPABILITIES.items()):
        pairs = [
            part
            for kind, what in zip(capabilities[::2], capabilities[1::2], strict=True)
            for part in ("--cap", kind, what)
        ]
        _call(
            directory,
            "ceph-authtool",
            *([] if number else ["-C"]),
            directory / "keyring",
            "--gen-key",
            "-n",
            name,
            *pairs,
        )
    monmap = directory / "monmap"
    _call(directory, "monmaptool", "--create", "--addv", "a", f"v2:{LOCALHOST}:{monitor}", "--fsid", fsid, monmap)
    _call(directory, "ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap, "-k", directory / "keyring")
    daemons.append(stack.enter_context(daemon(_command(directory, "ceph-mon", "-i", "a", "-f"), directory / "mon.out")))
    _call(directory, "ceph", "--connect-timeout", "20", "osd", "new", osd)
    _call(directory, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
    daemons.append(stack.enter_context(daemon(_command(directory, "ceph-osd", "-i", "0", "-f"), directory / "osd.out")))
    certificates = make_certificates(directory)
    ports = f"endpoint={LOCALHOST}:{plain} ssl_endpoint={LOCALHOST}:{encrypted} ssl_certificate={certificates.both}"
    log = directory / "rgw.out"
    gateway = stack.enter_context(_gateway(str(directory), log, {"rgw_frontends": f"beast {ports}"}))
    wait_until_it_listens(plain, gateway, log)
    daemons.append(gateway)
    key, secret = "TESTSTESTSTESTSTESTS", uuid.uuid4().hex
    _make_user(str(directory), "tests", key, secret)
    server = S3Server(f"http://{LOCALHOST}:{plain}", key, secret)
    return Ceph(
        str(directory), server, S3Server(f"https://{LOCALHOST}:{encrypted}", key, secret, certificates.authority)
    )


@contextmanager
def _gateway(directory: str, log: Path, options: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [f"--{name}={setting}" for name, setting in options.items()]
    command = _command(Path(directory), "radosgw", "-n", "client.rgw", "-f", *arguments)
    with daemon(command, log) as process:
        yield process


def _make_user(directory: str, name: str, key: str, secret: str) -> None:
    keys = ["--access-key", key, "--secret-key", secret]
    _administer(directory, "user", "create", "--uid", name, "--display-name", name, *keys)


def _administer(directory: str, *arguments: str) -> str:
    return _call(Path(directory), "radosgw-admin", "-n", "client.admin", *arguments)


def _command(directory: Path, program: str, *arguments: str | Path) -> list[str | Path]:
    located = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return [located or program, "-c", directory / "ceph.conf", *arguments]


def _call(directory: Path, program: str, *arguments: str | Path) -> str:
    ended = subprocess.run(_command(directory, program, *arguments), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"{program}: {ended.stdout}{ended.stderr}")
    return ended.stdout


def main(*arguments: str) -> None:
    """Keep the cluster of a place; without one, use it until Ctrl+C."""
    if arguments:
        keep(Path(arguments[0]))
        return
    with shared_ceph() as ceph:
        print(msgspec.json.format(msgspec.json.encode(ceph)).decode(), flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main(*sys.argv[1:])
