"""Restores a captured directory, in a process of its own: SOURCE TARGET [USER]."""

import ctypes  # noqa: F401  # ordinary users, whom it becomes, may not be able to read where Python lies
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from tests.support.given import GivenRepository, captured
from tests.support.restoring import Restore
from tui_backup.formats.base import Landing
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch


class Slow(GivenRepository):
    """Takes its time over every file, with half of it written."""

    def extract(self, snapshot: Snapshot, files: Iterable[Entry], landing: Landing, watch: Watch) -> None:
        for entry in files:
            content = Path(os.fsdecode(entry.origin.local_path(entry) or b"")).read_bytes()

            def pieces(content: bytes = content) -> Iterable[bytes]:
                yield content[:10]
                time.sleep(0.01)
                yield content[10:]

            landing.place(entry, pieces())
            print("placed", flush=True)


def main() -> None:
    source, target, *user = sys.argv[1:]
    restore = Restore(Path(target), [])
    restore.repository = Slow(captured(os.fsencode(source)))
    for number in map(int, user):
        os.setgroups([])
        os.setresgid(number, number, number)
        os.setresuid(number, number, number)
    result = restore.run()
    print(result.status, result.written, *restore.warnings, flush=True)


if __name__ == "__main__":
    main()
