import base64
import os
import tarfile
from io import BytesIO

import pytest

from tests.cli.calling import Answer
from tests.cli.conftest import Pair

LIST = {
    "id", "short_id", "job", "repository", "format", "kind", "time", "host", "paths", "tags", "files", "size", "added",
    "duration", "status", "integrity", "verified_at", "checked_at", "encrypted", "copy_of",
}  # fmt: skip
LS = {"path", "type", "size", "mode", "mtime", "uid", "gid", "linktarget"}


def test_list_has_every_field_and_the_oldest_first(pair: Pair) -> None:
    rows = pair.call("list", "--json").document
    assert all(set(row) >= LIST for row in rows)
    assert [row["id"] for row in rows] == [pair.first, pair.second]
    assert rows[0]["time"].endswith("Z")
    assert (rows[0]["job"], rows[0]["repository"], rows[0]["format"], rows[0]["encrypted"]) == (
        "site",
        "local",
        "restic",
        True,
    )


def test_list_shows_the_last_ones_only_if_asked(pair: Pair) -> None:
    assert [row["id"] for row in pair.call("list", "--last", "1", "--json").document] == [pair.second]


def test_list_narrows(pair: Pair) -> None:
    assert pair.call("list", "--host", "elsewhere", "--json").document == []
    assert len(pair.call("list", "--job", "site", "--json").document) == 2


def test_ls_tells_all_about_each_path(pair: Pair) -> None:
    lines = pair.call("ls", pair.first[:8], pair.inside, "--json").lines
    assert all(set(line) >= LS for line in lines)
    assert [os.path.basename(line["path"]) for line in lines] == ["a.txt", "caf\ufffd", "e\x1b[31mvil", "link", "old"]
    assert base64.b64decode(lines[1]["path_b64"]).endswith(b"/caf\xe9")
    assert lines[3]["linktarget"] == "a.txt"
    assert (lines[0]["type"], lines[0]["size"], lines[4]["size"]) == ("file", 4, None)


def test_ls_shows_names_harmlessly(pair: Pair) -> None:
    out = pair.call("ls", "latest", pair.inside, "--long").out
    assert r"e\x1b[31mvil" in out
    assert r"caf\xe9" in out
    assert "\x1b" not in out


def test_ls_goes_into_directories_if_asked(pair: Pair) -> None:
    assert f"{pair.inside}/old/b.txt" in pair.call("ls", pair.first, "--recursive").out.splitlines()


def test_ls_of_what_is_not_there_is_exit_1(pair: Pair) -> None:
    assert pair.call("ls", "latest", "/nowhere").code == 1


def test_find_names_the_snapshots(pair: Pair) -> None:
    lines = pair.call("find", "b.*", "--json").lines
    assert [(line["snapshot"], line["repository"]) for line in lines] == [(pair.first, "local")]
    nothing = pair.call("find", "b.*", "--snapshot", "latest")
    assert (nothing.code, nothing.out) == (0, "")


def test_diff_tells_what_changed(pair: Pair) -> None:
    lines = pair.call("diff", pair.first, "latest:site", "--json").lines
    changes = {os.path.relpath(line["path"], pair.inside): line["change"] for line in lines}
    assert changes == {"a.txt": "content", "new": "added", "old": "removed", "old/b.txt": "removed"}
    assert {"size_before", "size_after"} <= set(lines[0])


def test_diff_for_people_has_a_sign_for_each_change(pair: Pair) -> None:
    assert pair.call("diff", pair.first, "latest").out.splitlines()[0] == f"M  {pair.inside}/a.txt"


def test_dump_writes_the_bytes(pair: Pair) -> None:
    assert pair.call("dump", pair.first, f"{pair.inside}/a.txt").out == "one\n"
    assert pair.call("dump", "latest", f"{pair.inside}/a.txt").out == "two!\n"


def test_dump_of_a_directory_is_tar(pair: Pair) -> None:
    stream = BytesIO(pair.dump(pair.first, pair.inside))
    with tarfile.open(fileobj=stream, errors="surrogateescape") as archive:
        names = [os.path.relpath("/" + member.name, pair.inside) for member in archive]
        assert names == [".", "a.txt", "caf\udce9", "e\x1b[31mvil", "link", "old", "old/b.txt"]
        content = archive.extractfile(f"{pair.inside[1:]}/old/b.txt")
        assert content is not None
        assert content.read() == b"bee"


def test_versions_have_their_hash_and_their_span(pair: Pair) -> None:
    old, new = pair.call("versions", f"{pair.inside}/a.txt", "--json").document
    assert set(old) >= {"path", "size", "mtime", "sha256", "first", "last", "snapshots"}
    assert old["sha256"] == "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"
    assert (old["snapshots"], new["snapshots"]) == ([pair.first], [pair.second])


@pytest.mark.parametrize(("name", "holder"), [("new", "second"), ("old/b.txt", "first")])
def test_versions_of_a_file_that_is_not_in_every_snapshot_are_found(pair: Pair, name: str, holder: str) -> None:
    (only,) = pair.call("versions", f"{pair.inside}/{name}", "--json").document
    assert only["snapshots"] == [getattr(pair, holder)]


def test_versions_of_a_file_that_never_was_is_exit_1(pair: Pair) -> None:
    assert pair.call("versions", "/never").code == 1


def candidates(answer: Answer) -> str:
    assert answer.code == 1
    return answer.err


@pytest.mark.parametrize("name", ["00000000", "latest:other", "xyz"])
def test_an_unknown_snapshot_is_exit_1(pair: Pair, name: str) -> None:
    assert pair.call("ls", name).code == 1


@pytest.mark.parametrize("name", ["00000000", "latest:other"])
def test_an_unknown_snapshot_lists_candidates(pair: Pair, name: str) -> None:
    assert pair.second[:8] in candidates(pair.call("ls", name))


def test_seven_digits_are_too_few(pair: Pair) -> None:
    said = candidates(pair.call("ls", pair.first[:7]))
    assert "at least 8 digits" in said
    assert pair.first[:8] in said


def test_an_unknown_repository_is_exit_2(pair: Pair) -> None:
    assert pair.call("list", "-r", "nowhere").code == 2


def test_options_of_a_later_version_are_refused(pair: Pair) -> None:
    answer = pair.call("restore", "latest", "--target", "x", "--table", "y")
    assert (answer.code, answer.err) == (2, "tui-backup: error: this version cannot take --table yet\n")
