"""The agenda: the next moments of everything, and what daylight saving does to them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.configurations import SITE
from tui_backup.config.load import load_config
from tui_backup.model.schedule import What
from tui_backup.primitives.schedule import Effect
from tui_backup.services.schedule.agenda import Item, agenda, effect_words

ZONE = 'timezone = "America/New_York"\n'


def agenda_of(tmp_path: Path, keys: str, now: datetime) -> list[Item]:
    path = tmp_path / "config.toml"
    path.write_text(SITE + keys)
    path.chmod(0o600)
    return agenda(load_config(str(path)), now)


def test_everything_is_there_in_the_order_of_the_file(tmp_path: Path) -> None:
    keys = 'schedule = [{ at = "0 3 * * *", label = "weekly" }, { at = "0 2 * * *" }]\n'
    items = agenda_of(
        tmp_path, ZONE + keys + 'prune = "@weekly"\nverify = "0 5 * * 0"\n', datetime(2026, 7, 1, tzinfo=UTC)
    )
    assert [(item.trigger.what, item.trigger.label) for item in items] == [
        (What.BACKUP, "weekly"), (What.BACKUP, "scheduled"), (What.VERIFY, None), (What.PRUNE, None),
    ]  # fmt: skip
    assert [len(item.next) for item in items] == [5, 5, 5, 5]
    assert items[0].next[0].at == datetime(2026, 7, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "now", "effects"),
    [
        ("30 2 * * *", datetime(2027, 3, 12, 12, tzinfo=UTC), [None, Effect.AFTER_GAP, None, None, None]),
        ("30 1 * * *", datetime(2027, 11, 6, 12, tzinfo=UTC), [Effect.FIRST_OF_TWO, None, None, None, None]),
        (
            "30 * * * *",
            datetime(2027, 11, 7, 5, tzinfo=UTC),
            [Effect.FIRST_OF_TWO, Effect.SECOND_OF_TWO, None, None, None],
        ),
    ],
)
def test_what_daylight_saving_does_is_marked(
    tmp_path: Path, line: str, now: datetime, effects: list[Effect | None]
) -> None:
    (item,) = agenda_of(tmp_path, f'{ZONE}schedule = "{line}"\n', now)
    assert [each.effect for each in item.next] == effects
    for each in filter(None, effects):
        assert effect_words(each, line)


def test_a_time_that_comes_twice_runs_once_and_one_without_an_hour_twice() -> None:
    assert "runs at the first" in effect_words(Effect.FIRST_OF_TWO, "30 1 * * *")
    assert "runs at the first" not in effect_words(Effect.FIRST_OF_TWO, "30 * * * *")
