"""A verification reads every byte, names what is wrong, and calls nothing good that it has not read."""

import gzip
import io
import random
import zipfile

import pytest

from tests.support.archives import KEY, NIGHT, Bytes, back_up, brief, made, opened, opening, tar_gz
from tui_backup.formats.archive import checking
from tui_backup.formats.archive.checking import Checker
from tui_backup.formats.archive.entry_list import read_list, rewrite
from tui_backup.formats.archive.repository import ArchiveRepository
from tui_backup.formats.base import Proof, Subset
from tui_backup.model.problem import ProblemKind
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore

FILES = {b"/a": b"a" * 1000, b"/b": random.Random(0).randbytes(400_000), b"/c/d": b"d", b"/f": b"f" * 3000}
KINDS = ["tar.gz", "tar.zst", "zip"]
ENTRIES = ".entries.jsonl.zst"
EVERYTHING = Subset()


def proof(repository: ArchiveRepository, subset: Subset | None = EVERYTHING, watch: Watch | None = None) -> Proof:
    return repository.verify([], subset, watch or Watch())


def kinds(found: Proof) -> list[ProblemKind]:
    return [problem.kind for problem in found.problems]


def changed(store: MemoryStore, key: str, at: int) -> None:
    content = bytearray(store.get(key))
    content[at] ^= 1
    store.put(key, bytes(content))


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("kind", KINDS)
def test_any_flipped_bit_is_found(store: MemoryStore, kind: str, key: str | None) -> None:
    repository = made(opening(store, key=key), kind)
    snapshot = back_up(repository, FILES)
    whole = store.get(snapshot.id)
    chance = random.Random(1)
    for at in (0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(6))):
        changed(store, snapshot.id, at)
        found = proof(opened(opening(store, key=key), kind))
        assert found.problems, at
        assert (found.damaged, found.read) == ((snapshot.id,), ())
        assert all(problem.snapshots == (snapshot.id,) for problem in found.problems)
        store.put(snapshot.id, whole)
    assert proof(opened(opening(store, key=key), kind)).read == (snapshot.id,)


def test_damage_names_the_paths_that_it_touches() -> None:
    for kind, paths in (("zip", {b"/b"}), ("tar.gz", {b"/b", b"/c", b"/c/d", b"/f"})):
        store = MemoryStore()
        repository = made(opening(store), kind)
        snapshot = back_up(repository, FILES)
        changed(store, snapshot.id, 200_000)
        found = proof(repository)
        assert {path for problem in found.problems for path in problem.paths} == paths


@pytest.mark.parametrize("ending", ["", ENTRIES])
def test_what_is_cut_short_is_found_without_reading(store: MemoryStore, ending: str) -> None:
    snapshot = back_up(made(opening(store), "tar.gz"), FILES)
    store.put(snapshot.id + ending, store.get(snapshot.id + ending)[:-100])
    found = proof(opened(opening(store), "tar.gz"), None)
    assert kinds(found) == [ProblemKind.INDEX if ending else ProblemKind.PACK_SIZE]


def test_a_missing_archive_is_found(store: MemoryStore) -> None:
    repository = made(opening(store), "tar.gz")
    archive = repository.access.archive(back_up(repository, FILES))
    store.delete(archive.key)
    assert kinds(Checker(repository.access, Watch()).run([archive], None)) == [ProblemKind.PACK_MISSING]


@pytest.mark.parametrize("key", [None, KEY])
def test_an_archive_under_another_name_is_found(store: MemoryStore, key: str | None) -> None:
    back_up(made(opening(store, key=key), "tar.gz"), FILES)
    for each in [*store.objects()]:
        if each.key.startswith("backup_"):
            store.put(each.key.replace("2025", "2026"), store.get(each.key))
            store.delete(each.key)
    found = proof(opened(opening(store, key=key), "tar.gz"), None)
    assert kinds(found) == [ProblemKind.SNAPSHOT]
    assert "2025" in found.problems[0].message


def test_content_that_is_not_what_the_list_says_is_found(store: MemoryStore) -> None:
    """Whoever can replace the archive and its sidecar, but not the list."""
    repository = made(opening(store), "tar.gz")
    snapshot = back_up(repository, FILES)
    other = MemoryStore()
    back_up(made(opening(other), "tar.gz"), {**FILES, b"/f": b"F" * 3000})
    for ending in ("", ".metadata.json"):
        store.put(snapshot.id + ending, other.get(snapshot.id + ending))
    found = proof(opened(opening(store), "tar.gz"))
    assert found.problems
    assert found.damaged == (snapshot.id,)


def relisted(store: MemoryStore, snapshot: str, contents: dict[bytes, bytes]) -> None:
    """Give an archive the list of another one, as if it were its own."""
    other, written = MemoryStore(), Bytes()
    theirs = back_up(made(opening(other), "tar.gz"), contents)
    head, _members = read_list(io.BytesIO(store.get(snapshot + ENTRIES)))
    rewrite(io.BytesIO(other.get(theirs.id + ENTRIES)), head, written)
    store.put(snapshot + ENTRIES, bytes(written))


@pytest.mark.parametrize(
    ("listed", "missing"),
    [({b"/aa": b"x"}, {b"/aa"}), ({b"/%d" % number: b"" for number in range(50)}, set())],
    ids=["one that is missing", "more than are looked through"],
)
def test_members_are_held_against_the_list_behind_one_that_is_missing(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, listed: dict[bytes, bytes], missing: set[bytes]
) -> None:
    monkeypatch.setattr(checking, "_MOST_SKIPPED", 20)
    snapshot = back_up(made(opening(store), "tar.gz"), FILES)
    relisted(store, snapshot.id, {**FILES, **listed, b"/f": b"F" * 3000})
    found = {problem.message: set(problem.paths) for problem in proof(opened(opening(store), "tar.gz")).problems}
    gone = found.pop("it is in the list and not in the archive")
    if missing:
        assert (gone, found) == (missing, {"its content is not what was backed up": {b"/f"}})
    else:
        assert gone >= listed.keys()


def test_members_without_a_line_keep_no_others_from_theirs(store: MemoryStore) -> None:
    """What could not be read while it was stored is in the archive, and the list leaves it out."""
    snapshot = back_up(made(opening(store), "tar.gz"), FILES)
    relisted(store, snapshot.id, {path: content for path, content in FILES.items() if path != b"/b"})
    assert proof(opened(opening(store), "tar.gz")).problems == ()
    relisted(store, snapshot.id, {b"/a": FILES[b"/a"], b"/c/d": b"D", b"/f": FILES[b"/f"]})
    (problem,) = proof(opened(opening(store), "tar.gz")).problems
    assert problem.paths == (b"/c/d",)


@pytest.mark.parametrize(("kind", "is_proven"), [("tar.gz", True), ("tar", False)])
def test_archives_of_others_are_read_to_their_end(store: MemoryStore, kind: str, *, is_proven: bool) -> None:
    zipped = tar_gz({"a": b"x" * 100_000, "b": b"b"})
    store.put(f"theirs.{kind}", zipped if kind == "tar.gz" else gzip.decompress(zipped))
    found = proof(opened(opening(store), "tar.gz"))
    assert (found.problems, found.read) == ((), (f"theirs.{kind}",) if is_proven else ())
    store.put("theirs.tar.gz", tar_gz({"a": random.Random(2).randbytes(50_000)})[:-3])
    assert ProblemKind.PACK_DAMAGED in kinds(proof(opened(opening(store), "tar.gz")))


def test_names_that_must_not_be_used_are_told(store: MemoryStore) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../up", b"")
    store.put("theirs.zip", out.getvalue())
    (problem,) = proof(opened(opening(store), "zip")).problems
    assert (problem.kind, problem.paths) == (ProblemKind.TREE, (b"../up",))


def test_what_another_program_has_encrypted_is_neither_good_nor_bad(store: MemoryStore) -> None:
    store.put("theirs.tar.gz.enc", bytes(1000))
    found = proof(opened(opening(store), "tar.gz"))
    assert (kinds(found), found.read) == ([], ())


def test_without_the_key_nothing_is_called_good(store: MemoryStore) -> None:
    snapshot = back_up(made(opening(store, key=KEY), "tar.gz"), FILES)
    found = proof(opened(opening(store), "tar.gz"))
    assert (set(kinds(found)), found.read) == ({ProblemKind.KEY}, ())
    assert found.problems[0].object == snapshot.id


def test_parts_add_up_to_the_whole(store: MemoryStore) -> None:
    repository = made(opening(store), "tar.gz")
    keys = {back_up(repository, FILES, brief(NIGHT.replace(minute=number))).id for number in range(12)}
    parts = [set(proof(repository, Subset(part=part, parts=3)).read) for part in (1, 2, 3)]
    assert set.union(*parts) == keys
    assert sum(map(len, parts)) == 12
    assert len(proof(repository, Subset(percent=25)).read) == 3


def test_progress_ends_where_it_should(store: MemoryStore) -> None:
    repository = made(opening(store, key=KEY), "tar.zst")
    size = back_up(repository, FILES).added
    watch = Watch()
    found = proof(repository, watch=watch)
    assert (watch.files_done, watch.files_total) == (1, 1)
    assert watch.bytes_done == watch.bytes_total == found.bytes == size
