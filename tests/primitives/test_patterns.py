"""What gitignore rules choose."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from tui_backup.errors import UsageError
from tui_backup.primitives.patterns import Patterns, literal, meant

NAMES = st.sampled_from(["a", "b", "ab", "a.log", "b.log", "logs", "keep"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
SEGMENTS = st.sampled_from(["a", "b", "ab", "*", "*.log", "logs", "keep", "?", "[ab]", "**", "a*", "[!a]"])
LINES = st.builds(
    lambda negated, anchored, segments, only_dirs: negated + anchored + "/".join(segments) + only_dirs,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
)


def build(place: Path, paths: list[str]) -> list[tuple[str, bool]]:
    """Make files of these paths and the directories above them; return every path and whether it is a directory."""
    for path in sorted(paths, key=len, reverse=True):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        if not (place / path).exists():
            (place / path).touch()
    found = [path for path in place.rglob("*") if ".git" not in path.parts]
    return [(str(path.relative_to(place)), path.is_dir()) for path in sorted(found)]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@settings(max_examples=40, deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=4), paths=st.lists(PATHS, min_size=1, max_size=20, unique=True))
def test_the_answer_is_gits(lines: list[str], paths: list[str]) -> None:
    with TemporaryDirectory() as place:
        subprocess.run(["git", "init", "--quiet", place], check=True)
        Path(place, ".git/info/exclude").write_text("\n".join(lines) + "\n")
        tree = build(Path(place), paths)
        command = ["git", "-C", place, "check-ignore", "--no-index", "-z", "--stdin"]
        asked = "\0".join(path for path, _is_dir in tree)
        answer = subprocess.run(command, input=asked, capture_output=True, text=True, check=False).stdout.split("\0")
    patterns = Patterns(lines)
    assert [path for path, is_dir in tree if patterns.leaves_out(path.encode(), is_dir)] == answer[:-1]


@settings(deadline=None)
@given(lines=st.lists(LINES.filter(lambda line: line[0] != "!" and not line.endswith("**/")), max_size=5), path=PATHS)
def test_without_negation_the_answer_is_pathspecs(lines: list[str], path: str) -> None:
    spec = GitIgnoreSpec.from_lines(lines)
    assert Patterns(lines).leaves_out(path.encode(), False) == spec.match_file(path)


@pytest.mark.parametrize(
    ("line", "path", "is_dir", "excluded"),
    [
        ("logs/", b"srv/logs", True, True),
        ("logs/", b"srv/logs", False, False),
        ("*.log", b"a\nb.log", False, True),
        ("/logs", b"srv/logs", False, False),
        ("a/**", b"a", True, False),
        ("a/**", b"a/b/c", False, True),
        ("\u00e9?", b"\xc3\xa9\xc3\xa8", False, True),
        ("caf\udce9", b"caf\xe9", False, True),
        ("[[]x", b"[x", False, True),
        (r"\!x", b"!x", False, True),
        ("# a comment", b"# a comment", False, False),
        ("  ", b"  ", False, False),
        ("x$", b"x", False, False),
    ],
)
def test_a_line_means_what_gitignore_says(line: str, path: bytes, is_dir: bool, excluded: bool) -> None:
    assert Patterns([line]).excludes(path, is_dir) is excluded


def test_the_last_match_decides() -> None:
    patterns = Patterns(["*.log", "!keep.log"])
    assert patterns.excludes(b"x/a.log", False)
    assert not patterns.excludes(b"x/keep.log", False)


@pytest.mark.parametrize("line", ["[abc", "a\\", "!", "[z-a]", "[[:alpha:]]"])
def test_a_bad_pattern_is_named(line: str) -> None:
    with pytest.raises(UsageError) as failure:
        Patterns(["*.log", line])
    assert repr(line) in failure.value.message


def test_an_absolute_path_selects_itself_and_all_below() -> None:
    patterns = Patterns(["/srv/a"])
    chosen = [
        path for path in (b"/srv", b"/srv/a", b"/srv/a/b/c", b"/srv/ab", b"/x/srv/a") if patterns.selects(path, True)
    ]
    assert chosen == [b"/srv/a", b"/srv/a/b/c"]


def test_an_absolute_path_may_hold_any_character() -> None:
    assert Patterns(["/srv/[1]*"]).selects(b"/srv/[1]*/x", False)


def test_a_name_selects_at_any_depth_and_all_below() -> None:
    patterns = Patterns(["logs/"])
    assert patterns.selects(b"/srv/logs/deep/x", False)
    assert not patterns.selects(b"/srv/logs", False)
    assert patterns.selects(b"/srv/logs", True)


def test_a_selection_can_have_holes() -> None:
    patterns = Patterns(["/srv", "!*.log"])
    assert patterns.selects(b"/srv/a", False)
    assert not patterns.selects(b"/srv/deep/a.log", False)


def test_a_slash_selects_everything() -> None:
    assert Patterns(["/"]).selects(b"/srv/a", False)


def test_no_pattern_chooses_nothing() -> None:
    patterns = Patterns([])
    assert not patterns
    assert not patterns.selects(b"/srv", True)


PARTS = st.lists(st.binary(min_size=1, max_size=6).filter(lambda name: not {0, 47} & set(name)), min_size=1, max_size=3)


@given(PARTS, st.lists(PARTS, max_size=5))
@example([b"*"], [[b"a"]])
@example([b"a [b] "], [[b"a b "], [b"a [b]"]])
@example([b"\\*\n"], [[b"\\a\n"], [b"**"]])
@example([b"[!a]", b"#"], [[b"b", b"#"]])
def test_a_literal_line_means_that_path_and_what_is_below_and_nothing_else(
    names: list[bytes], others: list[list[bytes]]
) -> None:
    path = b"/" + b"/".join(names)
    patterns = Patterns([literal(path)])
    assert meant(literal(path)) == path
    assert patterns.selects(path, is_dir=False)
    assert patterns.selects(path + b"/below", is_dir=False)
    for other in (b"/" + b"/".join(each) for each in others):
        assert patterns.selects(other, is_dir=False) is (other == path or other.startswith(path + b"/"))


@pytest.mark.parametrize("line", ["*.log", "/srv/*", "/srv/", "!/srv", "/a[b]", "/a\\b"])
def test_a_line_that_means_more_than_one_path_is_not_taken_for_a_literal_one(line: str) -> None:
    assert meant(line) is None
