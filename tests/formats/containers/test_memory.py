"""Archives are written and read in memory that does not grow with what they hold."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.packing import KINDS

_MEBIBYTES = 100
"""Of memory, for a file four times as large."""

_PROGRAM = """
import io, sys
from tests.support.packing import container, member

class Zeros(io.RawIOBase):
    left = 400 << 20
    def read(self, size=-1):
        count = min(size, self.left)
        self.left -= count
        return bytes(count)

kind, archive = sys.argv[1:]
with open(archive, "wb") as out:
    writer = container(kind).writer(out, 1)
    writer.add(member(b"/zeros", size=400 << 20), Zeros())
    writer.close(None)
read = 0
with open(archive, "rb") as file:
    for _member, content in container(kind).reader(file, lambda name, reason: None).members():
        while piece := content.read(1 << 20):
            read += len(piece)
assert read == 400 << 20
(peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak) // 1024)
"""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "tar"])
def test_a_file_is_never_in_memory_whole(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PROGRAM, kind, str(tmp_path / "archive")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) < _MEBIBYTES
