"""`rclone serve s3`: a weak S3 server, which silently ignores much of what it is asked."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers.certificates import make_certificates
from tests.support.servers.daemons import LOCALHOST, daemon, free_port, wait_until_it_listens
from tests.support.servers.s3 import S3Server

_KEY, _SECRET = "TESTSTESTSTESTSTESTS", "a secret that is long enough for it"


def rclone() -> str | None:
    """Return the rclone to test with: that of this environment, which knows `serve s3`, before that of the system."""
    places = [os.path.dirname(sys.executable), os.environ.get("PATH", "")]
    return shutil.which("rclone", path=os.pathsep.join(places))


@contextmanager
def rclone_server(directory: Path, *, encrypted: bool = False) -> Iterator[S3Server]:
    """Serve the directories of `directory/buckets` as buckets."""
    port, log = free_port(), directory / "rclone.log"
    buckets = directory / "buckets"
    buckets.mkdir()
    command = [rclone() or "rclone", "serve", "s3", "--addr", f"{LOCALHOST}:{port}", "--auth-key", f"{_KEY},{_SECRET}"]
    authority = ""
    if encrypted:
        certificates = make_certificates(directory)
        command += ["--cert", certificates.certificate, "--key", certificates.key]
        authority = certificates.authority
    environment = {**os.environ, "RCLONE_CONFIG": "", "XDG_CACHE_HOME": str(directory / "cache")}
    with daemon([*command, str(buckets)], log, environment) as process:
        wait_until_it_listens(port, process, log)
        yield S3Server(f"http{'s' if encrypted else ''}://{LOCALHOST}:{port}", _KEY, _SECRET, authority)
