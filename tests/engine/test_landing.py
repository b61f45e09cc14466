import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.given import given
from tui_backup.engine.landing import DirectoryLanding, LandingOptions
from tui_backup.engine.metadata import Authority
from tui_backup.errors import Corrupted, RestoreRefused


def landing_at(target: Path, *, replace: bool = False) -> DirectoryLanding:
    status = target.stat()
    authority = Authority.of_this_process(trusted=True)
    options = LandingOptions(
        target=os.fsencode(target), device=status.st_dev, inode=status.st_ino, authority=authority, replace=replace
    )
    return DirectoryLanding(options)


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[DirectoryLanding]:
    found = landing_at(tmp_path)
    yield found
    found.close()


def test_a_file_lands_from_its_pieces(landing: DirectoryLanding, tmp_path: Path) -> None:
    landing.place(given("/f", size=6), [b"abc", b"", memoryview(b"def")])
    assert (tmp_path / "f").read_text() == "abcdef"


@pytest.mark.parametrize("pieces", [[b"abc"], [b"abc", b"defg"], []])
def test_content_of_another_length_does_not_land(
    landing: DirectoryLanding, tmp_path: Path, pieces: list[bytes]
) -> None:
    with pytest.raises(Corrupted):
        landing.place(given("/f", size=6), pieces)
    assert os.listdir(tmp_path) == []


def test_content_that_breaks_off_leaves_nothing_behind(landing: DirectoryLanding, tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"abc"
        raise Corrupted("damaged")

    with pytest.raises(Corrupted, match="damaged"):
        landing.place(given("/f", size=6), breaking())
    assert os.listdir(tmp_path) == []


def test_an_existing_file_stays_unless_it_may_be_replaced(landing: DirectoryLanding, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("mine")
    with pytest.raises(FileExistsError):
        landing.place(given("/f", size=3), [b"abc"])
    assert (tmp_path / "f").read_text() == "mine"
    landing_at(tmp_path, replace=True).place(given("/f", size=3), [b"abc"])
    assert (tmp_path / "f").read_text() == "abc"


def test_another_process_can_make_the_same_landing(landing: DirectoryLanding, tmp_path: Path) -> None:
    place, recipe = landing.recipe()
    assert place == "tui_backup.engine.landing:DirectoryLanding"
    other = DirectoryLanding.from_recipe(recipe)
    other.place(given("/f", size=3), [b"abc"])
    other.close()
    assert (tmp_path / "f").exists()


def test_a_target_that_was_swapped_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    landing = landing_at(tmp_path / "target")
    (tmp_path / "target").rename(tmp_path / "moved")
    (tmp_path / "target").mkdir()
    with pytest.raises(RestoreRefused):
        landing.place(given("/f", size=3), [b"abc"])


def test_threads_land_files_at_once(landing: DirectoryLanding, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"d{number % 100}").mkdir(exist_ok=True)
    entries = [given(f"/d{number % 100}/f{number}", size=4) for number in range(1000)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda entry: landing.place(entry, [entry.path[-4:]]), entries))
    assert all(Path(f"{tmp_path}{os.fsdecode(entry.path)}").read_bytes() == entry.path[-4:] for entry in entries)


@pytest.mark.parametrize("cut", [997, 4095, 4096, 65536, 100_000, 1 << 20])
def test_holes_do_not_change_content(landing: DirectoryLanding, tmp_path: Path, cut: int) -> None:
    content = b"x" + bytes(300_000) + b"y" * 70_000 + bytes(65536) + b"z" + bytes(200_000)
    landing.place(given("/f", size=len(content)), [content[at : at + cut] for at in range(0, len(content), cut)])
    assert (tmp_path / "f").read_bytes() == content
