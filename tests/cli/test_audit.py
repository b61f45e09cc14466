import os
import uuid
from pathlib import Path

import pytest

from tests.cli.calling import Call
from tests.cli.site import Site, build_site


@pytest.fixture
def site(tmp_path: Path, call: Call) -> Site:
    """A site whose state has a name that no log of this machine has ever held."""
    return build_site(tmp_path / uuid.uuid4().hex, call)


def audited(site: Site) -> list[tuple[str, str, str]]:
    lines = site.call("audit", "--json").lines
    assert all(list(line) == ["n", "time", "who", "verb", "object", "detail", "hash"] for line in lines)
    return [(line["verb"], line["object"], line["detail"]) for line in lines]


def test_who_did_what_is_told(site: Site) -> None:
    snapshot = site.back_up()[:8]
    site.call("restore", "latest", "--target", str(site.directory / "out"))
    site.call("dump", "latest", f"{site.inside}/a.txt")
    site.call("tag", "latest", "add", "pin")
    (opened, run, init, made, ended, restore, restored, dump, dumped, tag, tagged) = audited(site)
    assert (opened[0], run[:2]) == ("open", ("run", "job site, repository local"))
    assert ended[2].startswith(f"ended 2: ok: snapshot {snapshot}")
    assert init == ("init", "repository local", f"begun: made in {site.directory}/backups")
    assert made[2] == "ended 3: ok"
    assert restore[0] == "restore"
    assert restore[2].endswith(
        f"snapshot {snapshot} to {site.directory}/out: {restored_paths(site)} new, 0 overwritten, 0 deleted"
    )
    assert restored[2] == "ended 6: ok"
    assert dump == ("dump", f"snapshot {snapshot}, repository local", f"begun: {site.inside}/a.txt")
    assert dumped[2] == "ended 8: ok"
    assert tag == ("tag", f"snapshot {snapshot}, repository local", "begun: add pin")
    assert tagged[2].startswith("ended 10: ok: snapshot ")


def restored_paths(site: Site) -> int:
    return len(Path(site.inside).parts)


def test_what_only_looks_is_not_recorded(site: Site) -> None:
    site.back_up()
    before = audited(site)
    for arguments in (
        ["list"], ["ls", "latest"], ["find", "a.txt"], ["status"], ["history"], ["run", "site", "--dry-run"],
        ["restore", "latest", "--target", "out", "--dry-run"], ["diff", "latest", "latest"],
    ):  # fmt: skip
        assert site.call(*arguments).code == 0, arguments
    assert audited(site) == before


def test_the_table_shows_what_has_no_end(site: Site) -> None:
    site.back_up()
    path = site.directory / "state" / "audit.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    answer = site.call("audit", "--limit", "3")
    assert answer.out.splitlines()[1].endswith("kind manual (no end is recorded)")
    assert len(answer.out.splitlines()) == 4
    verified = site.call("audit", "--verify")
    assert verified.code == 0
    assert "begun and not ended: 2, " in verified.out


def test_a_sound_audit_is_proven_by_a_head_that_was_noted(site: Site) -> None:
    site.back_up()
    answer = site.call("audit", "--verify")
    assert answer.code == 0
    assert "5 records, each follows from the one before it" in answer.out
    assert "no anchors" in answer.out or os.path.exists("/dev/log")
    noted = answer.out.splitlines()[-1].rpartition(" ")[2]
    site.back_up()
    document = site.call("audit", "--verify", "--anchor", noted, "--json").document
    assert (document["records"], document["problems"]) == (7, [])
    assert document["proven"] >= 5
    wrong = noted[:-4] + ("0000" if noted[-4:] != "0000" else "1111")
    assert site.call("audit", "--verify", "--anchor", wrong).code == 1


def test_an_edit_is_exit_1_and_tells_its_place(site: Site) -> None:
    site.back_up()
    path = site.directory / "state" / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b"job site", b"job mail", 1))
    answer = site.call("audit", "--verify")
    assert answer.code == 1
    assert "problem: line 2: record 2, or the hash of the one before it, was altered" in answer.out
    (problem,) = site.call("audit", "--verify", "--json").document["problems"]
    assert (problem["kind"], problem["line"], problem["n"]) == ("altered", 2, 2)


def test_a_torn_line_is_a_finding_and_a_warning(site: Site) -> None:
    site.back_up()
    with (site.directory / "state" / "audit.jsonl").open("ab") as file:
        file.write(b'{"n":6,')
    answer = site.call("audit", "--json")
    assert (answer.code, len(answer.lines)) == (0, 5)
    assert "1 line is no record" in answer.err
    answer = site.call("audit", "--verify")
    assert (answer.code, answer.out.splitlines()[0]) == (1, "problem: line 6: 7 bytes are no record")


def test_an_audit_that_cannot_be_written_blocks_no_restore(site: Site) -> None:
    site.back_up()
    path = site.directory / "state" / "audit.jsonl"
    path.unlink()
    path.mkdir()
    answer = site.call("restore", "latest", "--target", str(site.directory / "out"))
    assert answer.code == 0
    assert f"warning: the audit {path} cannot be written: Is a directory" in answer.err
    answer = site.call("tag", "latest", "add", "pin")
    assert answer.code == 0
    assert f"warning: the audit {path} cannot be written: Is a directory" in answer.err
    assert site.call("audit").code == 1


@pytest.mark.parametrize("anchor", ["", "3", "3:", "3:abc", "x:" + "0" * 64, "3:" + "g" * 64])
def test_what_is_no_anchor_is_a_usage_error(site: Site, anchor: str) -> None:
    assert site.call("audit", "--verify", "--anchor", anchor).code == 2


def test_an_anchor_needs_verify(site: Site) -> None:
    assert site.call("audit", "--anchor", "3:" + "0" * 64).code == 2


def test_nothing_recorded_yet_is_no_failure(site: Site) -> None:
    answer = site.call("audit", "--verify")
    assert (answer.code, answer.out) == (0, "nothing is recorded yet\n")
    assert site.call("audit", "--json").lines == []
