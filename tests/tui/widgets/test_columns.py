from tui_backup.tui.widgets.columns import Column, arranged

NAME = Column[str](id="name", title="Name", cell=lambda row: row, grows=True, least=8)
SIZE = Column[str](id="size", title="Size", cell=lambda row: str(len(row)), width=6, rank=1)
TIME = Column[str](id="time", title="Time", cell=lambda row: "21 h ago", rank=2)


def shown(width: int) -> list[tuple[str, int]]:
    return [(place.column.id, place.width) for place in arranged([NAME, SIZE, TIME], ["a", "bb"], width)]


def test_the_growing_column_takes_what_is_left() -> None:
    assert shown(40) == [("name", 22), ("size", 6), ("time", 8)]


def test_the_highest_rank_goes_first_where_there_is_no_room() -> None:
    assert shown(20) == [("name", 12), ("size", 6)]
    assert shown(10) == [("name", 10)]


def test_a_column_is_as_wide_as_its_rows_need_within_its_limits() -> None:
    column = Column[str](id="a", title="A", cell=lambda row: row, least=2, most=5)
    assert [place.width for place in arranged([column], ["abc"], 80)] == [3]
    assert [place.width for place in arranged([column], ["abcdefgh"], 80)] == [5]
    assert [place.width for place in arranged([column], [], 80)] == [2]
