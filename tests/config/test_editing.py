"""A person's file is changed where somebody changed it, and nowhere else."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui_backup.config.editing import Draft, changes, difference
from tui_backup.config.lines import Key
from tui_backup.errors import ConfigError

TEXT = """\
# c01 The configuration of the shop.
# c02 Ask before you change it.

timezone = "Europe/Berlin"   # c03
#log_level = "debug"

[repositories.local] # c04
store = { kind = "local", path = "backups" } # c05
password = { file = "backups.key" }
#trusted = true

# c06 another one, some day
#[repositories.usb]

# c07 The shop and its uploads.
[jobs.site]
repositories = [ # c08
    "local", # c09
    # c10 the other one
    "offsite"
] # c11
keep.daily = 7 # c12
keep.weekly = 4

[[jobs.site.sources]]
kind = "files"
paths = ["/srv/site", "/srv/more"] # c13
exclude = [
    "node_modules/", # c14
    "*.log",

    # c15 after a gap
    "tmp/", ]

[[jobs.site.sources]] # c16
paths = ["/etc"]
kind = 'files'
# c17 Mail is small.
[jobs.mail]
    repositories = ["local"] # c18
    keep = { daily = 7 } # c19
    sources = [{ kind = "files", paths = ["/var/mail"] }] # c20

# c21 The other repository.
[repositories.offsite]
format = "restic"
[repositories.offsite.store]
kind = "local"
path = "offsite" # c22

# c23 the end
"""


def comments(text: str) -> list[str]:
    return re.findall(r"# (c\d\d)", text)


def lines_lost(before: str, after: str) -> list[str]:
    return [line[1:] for line in difference(before, after) if line.startswith("-")]


def lines_new(before: str, after: str) -> list[str]:
    return [line[1:] for line in difference(before, after) if line.startswith("+")]


def test_what_is_of_another_shape_than_it_should_be_is_refused_and_not_a_fault_of_ours() -> None:
    for text in ("jobs = 5\n", "jobs.a = 5\n", "[jobs.a]\nsources = 'x'\n", "[jobs.a]\nsources = [1]\n"):
        with pytest.raises(ConfigError, match="a form cannot change this"):
            Draft(text).with_value(("jobs", "a", "sources", 0, "paths"), ["/x"])


@pytest.mark.parametrize(
    ("key", "value", "lost", "new"),
    [
        (("timezone",), "UTC", ['timezone = "Europe/Berlin"   # c03'], ['timezone = "UTC"   # c03']),
        (("theme",), "paper", [], ['theme = "paper"']),
        (("repositories", "local", "trusted"), False, [], ["trusted = false"]),
        (
            ("repositories", "local", "store", "path"),
            "/b",
            ['store = { kind = "local", path = "backups" } # c05'],
            ['store = { kind = "local", path = "/b" } # c05'],
        ),
        (("repositories", "offsite", "store", "path"), "/b", ['path = "offsite" # c22'], ['path = "/b" # c22']),
        (("jobs", "site", "keep", "daily"), 9, ["keep.daily = 7 # c12"], ["keep.daily = 9 # c12"]),
        (("jobs", "site", "keep", "monthly"), 9, [], ["keep.monthly = 9"]),
        (
            ("jobs", "mail", "keep", "monthly"),
            9,
            ["    keep = { daily = 7 } # c19"],
            ["    keep = { daily = 7, monthly = 9 } # c19"],
        ),
        (("jobs", "mail", "undo_keep"), "1d", [], ['    undo_keep = "1d"']),
        (("jobs", "site", "sources", 1, "as"), "etc", [], ['as = "etc"']),
        (
            ("jobs", "site", "sources", 0, "exclude"), ["node_modules/", "*.log", "tmp/", "x"],
            ['    "tmp/", ]'], ['    "tmp/",', '    "x", ]'],
        ),
        (("jobs", "site", "sources", 0, "exclude"), ["node_modules/", "tmp/"], ['    "*.log",'], []),
        (
            ("jobs", "site", "sources", 0, "paths"),
            ["/srv/site"],
            ['paths = ["/srv/site", "/srv/more"] # c13'],
            ['paths = ["/srv/site"] # c13'],
        ),
        (
            ("jobs", "site", "repositories"), ["local", "offsite", "usb"],
            ['    "offsite"'], ['    "offsite",', '    "usb"'],
        ),
        (("jobs", "site", "repositories"), ["offsite"], ['    "local", # c09'], []),
    ],
)  # fmt: skip
def test_a_change_touches_its_own_lines(key: Key, value: Any, lost: list[str], new: list[str]) -> None:
    after = Draft(TEXT).with_value(key, value)
    assert after.get(key) == value
    assert (lines_lost(TEXT, after.text), lines_new(TEXT, after.text)) == (lost, new)


def test_a_key_that_is_taken_out_takes_its_line_along() -> None:
    after = Draft(TEXT).without(("timezone",))
    assert lines_lost(TEXT, after.text) == ['timezone = "Europe/Berlin"   # c03']
    inline = after.without(("jobs", "mail", "keep", "daily"))
    assert "    keep = {} # c19" in inline.text


def test_a_removed_job_leaves_every_comment_but_its_own() -> None:
    after = Draft(TEXT).without(("jobs", "site"))
    gone = {"c07", "c08", "c09", "c10", "c11", "c12", "c13", "c14", "c15", "c16"}
    assert set(comments(TEXT)) - set(comments(after.text)) == gone
    assert lines_new(TEXT, after.text) == []
    assert "\n\n\n" not in after.text


def test_the_last_job_can_be_removed_too() -> None:
    assert Draft("[jobs.a]\nx = 1\n").without(("jobs", "a")).text == ""


def test_a_new_job_stands_behind_the_other_jobs_and_a_repository_behind_repositories() -> None:
    job = {"repositories": ["local"], "sources": [{"kind": "files", "paths": ["/opt"]}]}
    after = Draft(TEXT).with_table(("jobs", "new"), job)
    assert lines_lost(TEXT, after.text) == []
    assert after.text.index("[jobs.mail]") < after.text.index("[jobs.new]") < after.text.index("# c21")
    assert '[jobs.new]\nrepositories = ["local"]\n\n[[jobs.new.sources]]\nkind = "files"\n' in after.text
    made = Draft("").with_table(("jobs", "new"), job)
    assert made.tables == {"jobs": {"new": job}}


def test_a_further_source_stands_behind_the_others_however_they_are_written() -> None:
    for job in ("site", "mail"):
        sources = Draft(TEXT).get(("jobs", job, "sources"))
        further = {"kind": "files", "paths": ["/home"]}
        after = Draft(TEXT).with_value(("jobs", job, "sources", len(sources)), further)
        assert after.get(("jobs", job, "sources")) == [*sources, further]
        assert comments(after.text) == comments(TEXT)


def test_a_source_that_is_taken_out_leaves_the_others() -> None:
    after = Draft(TEXT).without(("jobs", "site", "sources", 0))
    assert [source["paths"] for source in after.get(("jobs", "site", "sources"))] == [["/etc"]]
    assert set(comments(TEXT)) - set(comments(after.text)) == {"c13", "c14", "c15"}


def test_a_table_is_renamed_in_all_its_headers() -> None:
    after = Draft(TEXT).renamed(("jobs", "site"), "shop.1")
    assert after.get(("jobs", "site")) is None
    assert after.get(("jobs", "shop.1")) == Draft(TEXT).get(("jobs", "site"))
    assert after.text.count('[jobs."shop.1"') == 3
    assert comments(after.text) == comments(TEXT)


def test_what_a_form_cannot_write_is_refused_and_changes_nothing() -> None:
    with pytest.raises(ConfigError, match="a form cannot change this"):
        Draft("[[jobs.site.sources]]\nkind = 'files'\n").with_value(("jobs", "site", "on_change"), "warn")
    with pytest.raises(ConfigError, match="a form cannot change this"):
        Draft(TEXT).with_value(("timezone",), "\udc80")


def test_the_changes_of_one_draft_can_be_made_to_a_file_that_has_changed_meanwhile() -> None:
    mine = Draft(TEXT).with_value(("timezone",), "UTC").without(("jobs", "mail")).with_table(("jobs", "x"), {"a": 1})
    theirs = Draft(TEXT.replace('path = "offsite"', 'path = "/mnt"').replace("# c23", "# c23 and more"))
    both = theirs.applied(changes(Draft(TEXT).tables, mine.tables))
    assert both.get(("timezone",)) == "UTC"
    assert set(both.get(("jobs",))) == {"site", "x"}
    assert both.get(("repositories", "offsite", "store", "path")) == "/mnt"
    assert "# c23 and more" in both.text


def test_lines_that_end_like_those_of_windows_stay_so() -> None:
    text = TEXT.replace("\n", "\r\n")
    after = Draft(text).with_value(("timezone",), "UTC").text
    assert after == text.replace("Europe/Berlin", "UTC")


WORDS = st.text("ab /\"'#\\[]{}=,.\u202eé\x1b", max_size=6)
VALUES = st.one_of(st.booleans(), st.integers(-5, 5), WORDS)
SCALAR = st.sampled_from([
    ("timezone",), ("theme",), ("repositories", "local", "trusted"), ("repositories", "local", "store", "path"),
    ("repositories", "local", "password", "file"), ("repositories", "offsite", "store", "path"),
    ("repositories", "offsite", "store", "more"), ("repositories", "offsite", "format"),
    ("jobs", "site", "keep", "daily"), ("jobs", "site", "keep", "within"), ("jobs", "mail", "keep", "weekly"),
    ("jobs", "site", "undo_keep"), ("jobs", "mail", "undo_keep"), ("jobs", "site", "sources", 0, "as"),
    ("jobs", "site", "sources", 1, "as"), ("jobs", "mail", "sources", 0, "as"),
])  # fmt: skip
LISTS = st.sampled_from([
    ("jobs", "site", "repositories"), ("jobs", "mail", "repositories"), ("jobs", "site", "sources", 0, "exclude"),
    ("jobs", "site", "sources", 0, "paths"), ("jobs", "site", "sources", 1, "paths"),
    ("jobs", "mail", "sources", 0, "exclude"), ("jobs", "site", "keep", "tags"),
])  # fmt: skip
ITEMS = st.lists(st.one_of(st.sampled_from(["local", "offsite", "*.log", "tmp/", "node_modules/", "/srv/site"]), WORDS))
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), SCALAR, VALUES),
        st.tuples(st.just("set"), LISTS, ITEMS),
        st.tuples(st.just("unset"), st.one_of(SCALAR, LISTS), st.none()),
    ),
    max_size=8,
)


@given(EDITS)
@example([("set", ("jobs", "site", "sources", 0, "exclude"), [])])
def test_whatever_is_edited_other_lines_stay_byte_for_byte(edits: list[tuple[str, Key, Any]]) -> None:
    draft = Draft(TEXT)
    for what, key, value in edits:
        before = draft
        draft = before.with_value(key, value) if what == "set" else before.without(key)
        assert draft.get(key) == (value if what == "set" else None)
        named = str(key[-1])
        own = {line for line in before.text.splitlines() if named in line or str(key[max(0, len(key) - 2)]) in line}
        lost = [line for line in lines_lost(before.text, draft.text) if line not in own]
        if isinstance(value, list) or isinstance(before.get(key), list):
            lost = [line for line in lost if not re.match(r"\s*[\"'\[\]#]", line) and line.strip()]
        assert lost == []
        if what == "set" and not isinstance(value, list):
            assert comments(draft.text) == comments(before.text)
