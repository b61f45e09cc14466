"""What is meant by marks in a tree."""

from tests.support.given import GivenOrigin
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.tui.browser.view import Marks as BrowserMarks
from tui_backup.tui.browser.view import View
from tui_backup.tui.restore.marks import Mark, Marks


def test_a_marked_directory_means_all_below_it() -> None:
    marks = Marks([b"/srv/site"])
    assert marks.of(b"/srv/site/a/b") is Mark.WHOLE
    assert marks.of(b"/srv/site2") is Mark.NONE
    assert marks.of(b"/srv") is Mark.PART
    assert marks.of(b"/") is Mark.PART
    assert marks.include == ("/srv/site",)


def test_marks_below_one_another_are_one() -> None:
    assert Marks([b"/srv/site/a", b"/srv/site", b"/"]).marked == {b"/srv/site"}
    marks = Marks([b"/srv/site/a"])
    marks.toggle(b"/srv/site")
    assert marks.marked == {b"/srv/site"}


def test_what_is_marked_with_its_directory_can_be_left_out_and_taken_back() -> None:
    marks = Marks([b"/srv"])
    marks.toggle(b"/srv/[a]*")
    assert marks.of(b"/srv/[a]*/below") is Mark.LEFT_OUT
    assert marks.exclude == ("/srv/\\[a\\]\\*",)
    marks.toggle(b"/srv/[a]*/below")
    assert marks.of(b"/srv/[a]*/below") is Mark.LEFT_OUT
    marks.toggle(b"/srv/[a]*")
    assert not marks.left_out
    marks.toggle(b"/srv/b")
    marks.toggle(b"/srv")
    assert not marks
    assert not marks.left_out


def test_marks_of_a_directory_are_turned_round() -> None:
    names = [b"/srv/%d" % number for number in range(4)]
    marks = Marks([*names[:1], names[1] + b"/below"])
    marks.invert(b"/srv", names)
    assert marks.marked == {*names[1:]}
    whole = Marks([b"/srv"])
    whole.invert(b"/srv", names[:2])
    assert (whole.marked, whole.left_out) == ({b"/srv"}, {*names[:2]})
    whole.invert(b"/srv", names)
    assert whole.left_out == {*names[2:]}


def test_turning_round_a_hundred_thousand_marks_takes_no_time() -> None:
    names = [b"/srv/%d" % number for number in range(100_000)]
    marks = Marks()
    marks.invert(b"/srv", names)
    marks.invert(b"/srv", names)
    assert not marks


def test_marks_in_the_browser_are_turned_and_added_up_a_hundred_thousand_too() -> None:
    entries = [
        Entry(
            path=b"/srv/%d" % number,
            kind=EntryKind.FILE if number else EntryKind.DIR,
            origin=GivenOrigin(),
            size=number,
        )
        for number in range(100_000)
    ]
    view, marks = View.of(b"/srv", entries), BrowserMarks()
    paths = [entry.path for entry in entries]
    marks.turn(view, [paths[7], paths[5], b"/srv/on disk only"])
    assert (marks.paths, marks.told()) == ((paths[7], paths[5]), "2 marked, 12 B")
    marks.turn(view, paths)
    assert marks.of(view) == {*paths} - {paths[5], paths[7]}
    assert marks.told() == "99,998 marked, 5.00 GB and 1 directory"
    marks.turn(view, marks.paths)
    assert (marks.paths, marks.told()) == ((), "")
