"""How long the index of a large repository takes to load, how much memory it holds, and how fast it answers."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.measure import memory_of
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.index import load_index, save_index
from tui_backup.formats.restic.pack import BlobType, PackedBlob
from tui_backup.stores.local import LocalStore

KEYS = Keys(encrypt=bytes(32), mac_k=bytes(16), mac_r=bytes(16))
BLOBS_PER_PACK = 25
PACKS_PER_FILE = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blobs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", default="/dev/shm")
    parser.add_argument("--load", metavar="STORE", help="load the index in this store and print seconds, bytes, bytes")
    given = parser.parse_args()
    if given.load:
        _load(given.load)
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=given.directory) as store:
        _write(LocalStore(store), given.blobs)
        command = [sys.executable, "-m", "benchmarks.index_load", "--load", store]
        rounds = [subprocess.check_output(command, text=True).split() for _ in range(given.rounds)]
    seconds, held, peak, lookup = (median(map(float, column)) for column in zip(*rounds, strict=True))
    print(
        f"{given.blobs} blobs: loaded in {seconds:.2f} s, {held / 2**20:.0f} MiB held, {peak / 2**20:.0f} MiB peak"
        f" of the process, {lookup * 1e6:.2f} µs a question"
    )


def _write(store: LocalStore, blobs: int) -> None:
    chance = random.Random("index")
    packs = [(chance.randbytes(32), _blobs(chance)) for _ in range(blobs // BLOBS_PER_PACK)]
    for first in range(0, len(packs), PACKS_PER_FILE):
        save_index(store, packs[first : first + PACKS_PER_FILE], 2, Cipher(KEYS))


def _blobs(chance: random.Random) -> list[PackedBlob]:
    sizes = [chance.randrange(400_000, 900_000) for _ in range(BLOBS_PER_PACK)]
    return [
        PackedBlob(BlobType.DATA, chance.randbytes(32), sum(sizes[:number]), size, 2 * size)
        for number, size in enumerate(sizes)
    ]


def _load(store: str) -> None:
    before = memory_of(os.getpid())
    start = time.perf_counter()
    index = load_index(LocalStore(store), 2, Cipher(KEYS))
    seconds = time.perf_counter() - start
    held = memory_of(os.getpid()) - before
    strangers = [(BlobType.DATA, os.urandom(32)) for _ in range(100_000)]
    start = time.perf_counter()
    assert not any(stranger in index for stranger in strangers)
    lookup = (time.perf_counter() - start) / len(strangers)
    print(seconds, held, _peak(), lookup)


def _peak() -> int:
    """Return the most bytes that this process has held; `ru_maxrss` would count those of its parent too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    main()
