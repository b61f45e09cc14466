"""A store that shows one archive: it changes nothing, and looks at nothing else of the directory."""

from pathlib import Path

import pytest

from tui_backup.errors import NotFound, StoreError
from tui_backup.stores.local import LocalStore
from tui_backup.stores.recipes import opened
from tui_backup.stores.single import SingleStore


@pytest.fixture
def store(tmp_path: Path) -> SingleStore:
    for name in ("a.zip", "a.zip.metadata.json", "b.zip", "a.zipper"):
        (tmp_path / name).write_text(name)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.zip").write_text("another")
    return SingleStore(beneath=LocalStore(str(tmp_path)), name="a.zip")


def test_only_the_archive_and_what_lies_beside_it_is_shown(store: SingleStore, tmp_path: Path) -> None:
    assert sorted(each.key for each in store.objects()) == ["a.zip", "a.zip.metadata.json"]
    assert [each.key for each in store.objects("a.zip.")] == ["a.zip.metadata.json"]
    assert (store.get("a.zip"), store.info("a.zip").size) == (b"a.zip", 5)
    assert store.describe() == str(tmp_path / "a.zip")
    for key in ("b.zip", "below/a.zip", "tui-backup.json"):
        with pytest.raises(NotFound):
            store.get(key)
        with pytest.raises(NotFound):
            store.info(key)


def test_nothing_is_changed(store: SingleStore, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match="named by its path"):
        store.put("a.zip", b"")
    with pytest.raises(StoreError, match="named by its path"):
        store.writing("new")
    with pytest.raises(StoreError, match="named by its path"):
        store.delete("a.zip")
    with pytest.raises(StoreError, match="named by its path"):
        store.delete_all(["a.zip"])
    store.tidy()
    assert sorted(tmp_path.rglob("*")) == before


def test_another_process_opens_the_same(store: SingleStore) -> None:
    recipe = store.recipe()
    assert recipe is not None
    assert opened(recipe) == store
