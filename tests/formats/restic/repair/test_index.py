"""The index is mended by what the packs say, and restic agrees."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.aging import as_directory, assert_whole, contents, deaths, hints
from tests.support.components import restic, restic_current
from tests.support.faulty import BadSector, flipped
from tests.support.handmade import Handmade, node, tree_of
from tests.support.mending import Pair, keys_of, repair_index, words
from tests.support.repositories import open_repository
from tests.support.restic import Restic
from tui_backup.errors import BackupError, Corrupted
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.envelope import decode, encode
from tui_backup.formats.restic.index import PACKED
from tui_backup.formats.restic.layout import id_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repair.headers import fetch_header
from tui_backup.formats.restic.writing.packlog import index_files
from tui_backup.model.problem import ProblemKind
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore


def indexes(pair: Pair) -> list[str]:
    return keys_of(pair.first.objects, "index")


def rewritten(pair: Pair, key: str, change: Callable[[Any], None]) -> dict[str, bytes | None]:
    """Return the changes that replace an index file by one of other content, whole and well named."""
    cipher = Cipher(pair.first.keys)
    document = msgspec.json.decode(decode(pair.first.objects[key], 2, cipher))
    change(document["packs"])
    stored = encode(msgspec.json.encode(document), 2, cipher)
    return {key: None, f"index/{id_of(stored)}": stored}


def mended(pair: Pair, changes: dict[str, bytes | None]) -> MemoryStore:
    store = pair.damaged(changes)
    done = repair_index(pair.first.opened(store))
    assert done.problems == ()
    assert_whole(pair.first.opened(store), 3)
    assert hints(pair.first.opened(store)) == []
    return store


def test_a_whole_index_stays_as_it_is(pair: Pair) -> None:
    store = pair.first.store()
    assert words(repair_index(pair.first.opened(store))) == []
    assert contents(store) == pair.first.objects


@pytest.mark.parametrize("damage", [lambda content: flipped(content, 999), lambda _content: b"", lambda _content: None])
def test_a_damaged_an_empty_and_a_missing_file_are_made_anew(
    damage: Callable[[bytes], bytes | None], pair: Pair
) -> None:
    first, *others = indexes(pair)
    store = mended(pair, {first: damage(pair.first.objects[first])})
    assert set(others) < set(keys_of(contents(store), "index"))
    assert first not in contents(store)


def test_all_files_may_be_gone(pair: Pair) -> None:
    store = mended(pair, dict.fromkeys(indexes(pair)))
    assert len(keys_of(contents(store), "index")) == 1


def test_a_missing_pack_is_listed_no_more_and_told(pair: Pair) -> None:
    (pack, *_others) = keys_of(pair.first.objects, "data")
    store = pair.damaged({pack: None})
    done = repair_index(pair.first.opened(store))
    assert [(problem.kind, problem.object) for problem in done.problems] == [(ProblemKind.PACK_MISSING, pack)]
    assert words(done) == ["replace-index"]
    again = repair_index(pair.first.opened(store))
    assert (again.done, again.problems) == ((), ())


def test_a_wrong_length_and_a_wrong_size_are_corrected(pair: Pair) -> None:
    def lengthen(packs: Any) -> None:
        packs[0]["blobs"][0]["length"] += 1

    mended(pair, rewritten(pair, indexes(pair)[0], lengthen))


def test_a_pack_split_over_two_files_is_listed_whole(pair: Pair) -> None:
    key = indexes(pair)[0]
    changes: dict[str, bytes | None] = {}
    for odd in (0, 1):

        def halve(packs: Any, odd: int = odd) -> None:
            for pack in packs:
                pack["blobs"] = pack["blobs"][odd::2]

        changes |= rewritten(pair, key, halve)
    store = mended(pair, changes)
    assert not set(changes) & set(contents(store))


def test_a_wrong_description_beside_the_right_one_goes(pair: Pair) -> None:
    key = indexes(pair)[0]

    def swap(packs: Any) -> None:
        for pack in packs:
            blobs = pack["blobs"]
            blobs[0]["id"], blobs[-1]["id"] = blobs[-1]["id"], blobs[0]["id"]

    store = mended(pair, {**rewritten(pair, key, swap), key: pair.first.objects[key]})
    assert set(keys_of(contents(store), "index")) == set(indexes(pair))


def test_a_pack_that_cannot_say_what_it_holds_is_a_problem_and_keeps_its_listing(pair: Pair) -> None:
    pack = keys_of(pair.first.objects, "data")[0]
    cut = pair.first.objects[pack][:-20]
    store = pair.damaged({pack: cut})
    done = repair_index(pair.first.opened(store))
    assert [(problem.kind, problem.object) for problem in done.problems] == [(ProblemKind.PACK_DAMAGED, pack)]
    assert done.done == ()
    assert contents(store) == pair.first.objects | {pack: cut}


def test_a_pack_in_the_wrong_directory_is_put_where_it_belongs(pair: Pair) -> None:
    key, damaged, *_others = keys_of(pair.first.objects, "data")
    wrong, hopeless = (f"data/xx/{each.rpartition('/')[2]}" for each in (key, damaged))
    store = pair.damaged({key: None, wrong: pair.first.objects[key], hopeless: b"damaged"})
    done = repair_index(pair.first.opened(store))
    assert words(done) == ["move-pack"]
    assert [problem.object for problem in done.problems] == [hopeless]
    assert contents(store) == pair.first.objects | {hopeless: b"damaged"}


def test_strangers_among_the_packs_stay(pair: Pair) -> None:
    strangers: dict[str, bytes | None] = {"data/README": b"hello", "data/ab/notes.txt": b"hello"}
    store = mended(pair, {**strangers, indexes(pair)[0]: None})
    assert strangers.items() <= contents(store).items()


def test_a_repository_that_has_changed_since_is_left_alone(pair: Pair) -> None:
    store = pair.damaged({indexes(pair)[0]: None})
    repairs = pair.first.opened(store).upkeep.repairs
    plan = repairs.plan_index(Watch())
    store.put("index/" + "ab" * 32, b"somebody else's")
    before = contents(store)
    with pytest.raises(BackupError, match="has changed since"):
        repairs.execute(plan, Watch())
    assert contents(store) == before


def test_killed_anywhere_the_index_is_no_worse_and_the_next_repair_finishes(pair: Pair) -> None:
    broken = {indexes(pair)[0]: b"", indexes(pair)[1]: flipped(pair.first.objects[indexes(pair)[1]])}
    count = 0
    for left in deaths(lambda dying: repair_index(pair.first.opened(dying)), lambda: pair.damaged(broken)):
        assert set(keys_of(contents(left), "data")) == set(keys_of(pair.first.objects, "data"))
        assert indexes(pair)[2] in contents(left)
        repair_index(pair.first.opened(left))
        assert_whole(pair.first.opened(left), 3)
        count += 1
    assert count > 20


def test_index_files_stay_within_bounds() -> None:
    listings = [(bytes([number]) * 32, b"\0" * PACKED.size * 20_000) for number in range(5)]
    assert [len(packs) for packs in index_files(listings)] == [2, 2, 1]


def test_a_long_header_is_fetched_whole(store: MemoryStore) -> None:
    made = Handmade(store)
    listed = made.pack(BlobType.DATA, *(b"%d" % number for number in range(100)))
    name = str(listed["id"])
    size = len(store.get(f"data/{name[:2]}/{name}"))
    assert [blob.id.hex() for blob in fetch_header(store, made.cipher, name, size)] == [
        blob["id"] for blob in listed["blobs"]
    ]


def test_a_damaged_index_names_what_mends_it(pair: Pair) -> None:
    store = pair.damaged({indexes(pair)[0]: b"damaged"})
    repository = pair.first.opened(store)
    with pytest.raises(Corrupted) as caught:
        list(repository.entries(repository.snapshots()[0]))
    assert caught.value.hint == "`tui-backup repair index -r main` mends it"


def test_what_no_repair_can_know_is_not_invented(store: MemoryStore) -> None:
    """A pack that no index lists and whose header is damaged is told, and nothing is done."""
    made = Handmade(store)
    tree = tree_of(node("file", b"content"))
    made.keep(tree, b"content")
    pack = made.pack(BlobType.DATA, b"unlisted")["id"]
    key = f"data/{pack[:2]}/{pack}"
    store.put(key, flipped(store.get(key), 8 * (len(store.get(key)) - 20)))
    done = repair_index(open_repository(store))
    assert [problem.object for problem in done.problems] == [key]
    assert done.done == ()


@pytest.mark.parametrize(
    ("program", "command"),
    [
        pytest.param(restic(), ["rebuild-index"], marks=pytest.mark.requires("restic")),
        pytest.param(restic_current(), ["repair", "index"], marks=pytest.mark.requires("restic-current")),
    ],
)
def test_restic_repairs_the_same_damage_to_the_same_end(
    program: str | None, command: list[str], pair: Pair, tmp_path: Path
) -> None:
    first, second, _third = indexes(pair)
    store = pair.damaged({first: flipped(pair.first.objects[first], 99), second: None})
    theirs = Restic(as_directory(store, tmp_path / "theirs"), program=program)
    ours = Restic(as_directory(store, tmp_path / "ours"), program=program)
    theirs.run(*command)
    repair_index(open_repository(tmp_path / "ours"))
    theirs.check()
    ours.check()
    assert _listed(tmp_path / "ours") == _listed(tmp_path / "theirs")


def _listed(directory: Path) -> set[tuple[bytes, str]]:
    repository = open_repository(directory)
    index = repository.access.index()
    return {
        (index.packs[number], id_.hex())
        for table in index.tables.values()
        for id_, number, _offset, _length, _size in table
    }


def test_a_pack_in_the_wrong_directory_that_the_disk_does_not_give_back_stops_nothing(pair: Pair) -> None:
    key = keys_of(pair.first.objects, "data")[0]
    wrong = f"data/{'00' if key[5:7] != '00' else '01'}/{key[8:]}"
    store = BadSector(wrong, 20)
    for each, content in pair.first.objects.items():
        store.put(wrong if each == key else each, content)
    for index in indexes(pair):
        store.delete(index)
    done = repair_index(pair.first.opened(store))
    assert wrong in {problem.object for problem in done.problems}
    assert "list-pack" in words(done)
    assert {found.key for found in store.objects("data/")} >= {wrong}
