import os
from pathlib import Path

import pytest

from tests.cli.site import Site
from tui_backup.errors import UsageError
from tui_backup.formats.base import Subset
from tui_backup.services.upkeep.verification import parse_subset


def largest_pack(site: Site) -> Path:
    packs = [path for path in (site.directory / "backups" / "data").rglob("*") if path.is_file()]
    return max(packs, key=lambda path: path.stat().st_size)


def damage(site: Site) -> None:
    pack = largest_pack(site)
    os.chmod(pack, 0o600)
    content = bytearray(pack.read_bytes())
    content[10] ^= 1
    pack.write_bytes(content)


def test_reading_everything_proves_integrity(site: Site) -> None:
    site.back_up()
    answer = site.call("verify", "--read-data", "--json")
    assert answer.code == 0
    checked = answer.document["checked"]
    assert checked["snapshots"] == 1
    assert checked["bytes"] > 0
    assert answer.document["problems"] == []
    row = site.call("list", "--json").document[0]
    assert row["integrity"] == "ok"
    assert row["verified_at"] is not None


def test_the_structure_alone_proves_nothing(site: Site) -> None:
    site.back_up()
    assert site.call("verify").code == 0
    row = site.call("list", "--json").document[0]
    assert (row["integrity"], row["verified_at"]) == ("unverified", None)
    assert row["checked_at"] is not None


def test_damage_is_exit_1_and_named(site: Site) -> None:
    (site.source / "big").write_bytes(os.urandom(100_000))
    snapshot = site.back_up()
    damage(site)
    answer = site.call("verify", "--read-data", "--json")
    assert answer.code == 1
    problem = answer.document["problems"][0]
    assert set(problem) >= {"kind", "object", "message", "snapshots", "paths"}
    assert problem["snapshots"] == [snapshot]
    assert site.call("list", "--json").document[0]["integrity"] == "damaged"
    assert site.call("status", "--check").code == 1


def test_one_snapshot_can_be_verified(site: Site) -> None:
    snapshot = site.back_up()
    site.back_up()
    assert site.call("verify", snapshot[:8], "--json").document["checked"]["snapshots"] == 1


@pytest.mark.parametrize(
    ("text", "subset"), [("5%", Subset(percent=5.0)), ("0.5%", Subset(percent=0.5)), ("2/7", Subset(2, 7))]
)
def test_subsets_are_shares_or_parts(text: str, subset: Subset) -> None:
    assert parse_subset(text) == subset


@pytest.mark.parametrize("text", ["0%", "101%", "8/7", "0/7", "half", "5"])
def test_what_is_no_subset_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_subset(text)
