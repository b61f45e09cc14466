"""What is usual for a job, and what is far from it."""

import msgspec
import pytest

from tui_backup.engine.usual import KNOWN, Measure, unusual

MIB = 2**20


def backup(size: int = 1000 * MIB, files: int = 1000, unmodified: int = 990, added: int = 2 * MIB) -> Measure:
    return Measure(size=size, files=files, files_before=1000, unmodified=unmodified, added=added)


QUIET = [backup(size=(1000 + at % 5) * MIB, unmodified=985 + at % 7) for at in range(20)]


def changed(**fields: object) -> Measure:
    return msgspec.structs.replace(backup(), **fields)


ODD = {
    "encrypted in place": (changed(unmodified=0, added=1000 * MIB), "1,000 of 1,000 files were replaced"),
    "half of it encrypted": (changed(unmodified=480, added=500 * MIB), "520 of 1,000 files were replaced"),
    "encrypted under other names": (changed(files=1001, unmodified=1, added=900 * MIB), "999 of 1,000"),
    "emptied": (changed(files=0, size=0, unmodified=0, added=0), "0 of usually 1,000 files are left"),
    "not mounted, but for a note": (changed(files=3, size=12, unmodified=0), "3 of usually 1,000 files are left"),
    "most of it deleted": (changed(files=400, size=380 * MIB, unmodified=400), "400 files instead of usually 1,000"),
    "four times as large": (changed(size=4100 * MIB), "instead of usually 1.1 GB"),
    "four times as many files": (changed(files=4100), "4,100 files instead of usually 1,000"),
}

ORDINARY = {
    "as ever": backup(),
    "grown by half": changed(size=1500 * MIB, files=1500, added=500 * MIB),
    "doubled": changed(size=2000 * MIB, files=2000, added=1000 * MIB),
    "a third deleted": changed(size=660 * MIB, files=660, unmodified=660),
    "renamed": changed(unmodified=3, added=MIB),
    "given to another owner": changed(unmodified=0, added=4 * MIB),
    "a third written anew": changed(unmodified=650, added=350 * MIB),
    "into another repository": changed(files_before=None, unmodified=0, added=1000 * MIB),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_far_from_usual_is_told(name: str) -> None:
    found, told = ODD[name]
    assert any(told in reason for reason in unusual(found, QUIET)), unusual(found, QUIET)


@pytest.mark.parametrize("name", ORDINARY)
def test_what_happens_on_live_servers_is_not(name: str) -> None:
    assert unusual(ORDINARY[name], QUIET) == []


@pytest.mark.parametrize("name", ODD)
def test_nothing_is_told_before_enough_is_known(name: str) -> None:
    found, _told = ODD[name]
    assert unusual(found, QUIET[: KNOWN - 1]) == []
    assert unusual(found, QUIET[:KNOWN])


@pytest.mark.parametrize("name", ODD)
def test_one_odd_backup_among_the_known_does_not_make_the_next_one_usual(name: str) -> None:
    found, told = ODD[name]
    assert any(told in reason for reason in unusual(found, [found, *QUIET[:8]]))


def test_small_numbers_never_count() -> None:
    known = [Measure(size=9000, files=9, files_before=9, unmodified=9, added=0) for _ in range(9)]
    assert unusual(Measure(size=1, files=1, files_before=9, unmodified=0, added=9000), known) == []
    grown = Measure(size=15 * MIB, files=55, files_before=9, unmodified=0, added=15 * MIB)
    assert unusual(grown, known) == []


def test_who_replaces_everything_each_time_is_not_told_of_that() -> None:
    known = [changed(unmodified=at, added=(900 + at) * MIB) for at in range(9)]
    assert unusual(changed(unmodified=0, added=1000 * MIB), known) == []


def test_a_job_whose_size_varies_is_given_room() -> None:
    known = [changed(size=at * 100 * MIB) for at in range(1, 15)]
    assert unusual(changed(size=2400 * MIB), known) == []


def test_steady_growth_is_never_told() -> None:
    known: list[Measure] = []
    size = 100.0 * MIB
    for _ in range(60):
        found = changed(size=int(size), files=int(size / MIB) * 10)
        assert unusual(found, known[-20:]) == []
        known.append(found)
        size *= 1.1


def test_archives_have_no_share_that_was_replaced() -> None:
    known = [changed(files_before=None, unmodified=0, added=900 * MIB) for _ in range(9)]
    assert unusual(changed(files_before=None, unmodified=0, added=950 * MIB), known) == []
