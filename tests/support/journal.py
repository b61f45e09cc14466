"""A real journald beside a few scripts, in a mount name space of its own (marker `requires("journald")`)."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_DAEMON = "/lib/systemd/systemd-journald"

_AROUND = """
mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal || exit 1
"$0" >/dev/null 2>&1 &
daemon=$!
tries=0
until [ -S /run/systemd/journal/dev-log ]; do
    tries=$((tries + 1)); [ $tries -lt 200 ] || { kill $daemon; exit 1; }
    sleep 0.05
done
python=$1 state=$2; shift 2
for script; do
    "$python" -c "$script" "$state" || { kill $daemon; exit 1; }
    journalctl --sync || sleep 1
done
kill $daemon
wait $daemon
exit 0
"""


def with_journald(*scripts_and_state: str) -> str:
    """Run Python scripts one after the other beside a journald; the last argument is what they get as theirs."""
    *scripts, state = scripts_and_state
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _AROUND, _DAEMON]
    ended = subprocess.run(
        [*command, sys.executable, state, *scripts], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    return ended.stdout


@cache
def has_journald() -> bool:
    """Whether a journald can be run here."""
    if not (Path(_DAEMON).exists() and shutil.which("unshare") and shutil.which("journalctl")):
        return False
    try:
        return with_journald("print('here')", "/").strip() == "here"
    except (subprocess.SubprocessError, OSError):
        return False
