"""Names of archives: exactly those that are documented, and harmless whatever they are made of."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_backup.errors import ConfigError
from tui_backup.formats.base import DEFAULT_NAME
from tui_backup.formats.naming import NameFacts, candidates, check_template, read_name, render
from tui_backup.stores.base import check_key

HERE = ZoneInfo("America/Sao_Paulo")


def facts(time: datetime, kind: str = "manual", job: str = "site", host: str = "web1") -> NameFacts:
    return NameFacts(job, host, kind, time)


@pytest.mark.parametrize(
    ("template", "time", "name"),
    [
        (
            "whatsapp-data-backup-{time:iso}",
            datetime(2025, 8, 29, 2, tzinfo=HERE),
            "whatsapp-data-backup-2025-08-29T05-00-00-000Z",
        ),
        ("backup_{time:seconds}", datetime(2025, 8, 29, 5, tzinfo=HERE), "backup_2025-08-29T05-00-00"),
        ("backup_{time:compact}", datetime(2024, 12, 1, 14, 5, 30, tzinfo=HERE), "backup_20241201_140530"),
        (
            "backup_{time:compact}_{kind}",
            datetime(2025, 8, 31, 21, 52, 49, tzinfo=HERE),
            "backup_20250831_215249_manual",
        ),
        ("backup_{time:epoch}", datetime.fromtimestamp(1234567890, HERE), "backup_1234567890"),
        ("{job}-{host}", datetime(2025, 1, 1, tzinfo=UTC), "site-web1"),
        ("{{{job}}}", datetime(2025, 1, 1, tzinfo=UTC), "{site}"),
    ],
)
def test_the_documented_names_come_out_exactly(template: str, time: datetime, name: str) -> None:
    assert render(template, facts(time)) == name


def test_thousandths_of_a_second_are_cut_off() -> None:
    time = datetime(2025, 8, 29, 2, 0, 0, 123999, tzinfo=HERE)
    assert render("{time:iso}", facts(time)) == "2025-08-29T05-00-00-123Z"


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("backup_{tiem:iso}", "no field {tiem:iso}"),
        ("backup_{time}", "no field {time}"),
        ("backup_{time:%Y}", "no field {time:%Y}"),
        ("backup_{job:>9}_{time:iso}", "no field {job:>9}"),
        ("backup_{job!r}_{time:iso}", "no field {job!r}"),
        ("backup_{job.__class__}_{time:iso}", "no field {job.__class__}"),
        ("backup_{}_{time:iso}", "no field {}"),
        ("backup_{time:iso", "stands alone"),
        ("backup", "needs {time:...}"),
        ("", "a name cannot"),
        ("../{time:iso}", "a name cannot"),
        ("a/{time:iso}", "cannot hold /"),
        (".{time:iso}", "begin with a dot"),
        ("-{time:iso}", "begin with a dash"),
        (" {time:iso}", "space"),
        ("\x1b[31m{time:iso}", "do not print"),
        ("x" * 200 + "{time:iso}", "too long"),
        ("é" * 90 + "{time:iso}", "too long"),
    ],
)
def test_a_template_that_cannot_be_one_is_refused(template: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        check_template(template)


@pytest.mark.parametrize(
    "template",
    [DEFAULT_NAME, "backup_{time:epoch}", "{job}-{host}-{kind}-{time:iso}", "cópia de {job} {time:compact}"],
)
def test_a_good_template_is_taken(template: str) -> None:
    check_template(template)


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=100), st.datetimes(timezones=st.just(UTC)))
def test_whatever_a_job_or_host_is_called_the_name_is_a_key(job: str, host: str, kind: str, time: datetime) -> None:
    for template in ("{job}-{host}-{kind}-{time:iso}", "{host}{time:compact}", DEFAULT_NAME):
        name = render(template, NameFacts(job, host, kind, time))
        assert check_key(name) == name
        assert "/" not in name
        assert not name.startswith("-")
        assert len(name.encode()) <= 173


@given(
    st.datetimes(min_value=datetime.fromisoformat("2001-09-10"), max_value=datetime.fromisoformat("2286-01-01")),
    st.sampled_from(["iso", "epoch"]),
    st.sampled_from(["backup_{}", "{}", "a-1-{}-x", "{}_manual", "2025-{}"]),
)
def test_a_time_with_its_zone_is_read_back_from_any_name(time: datetime, form: str, around: str) -> None:
    aware = time.replace(tzinfo=UTC)
    name = around.format(render(f"{{time:{form}}}", facts(aware)))
    read = read_name(name).time
    assert read is not None
    assert abs((read - aware).total_seconds()) < 1


@given(
    st.datetimes(min_value=datetime.fromisoformat("1970-01-03"), max_value=datetime.fromisoformat("2200-01-01")),
    st.sampled_from(["seconds", "compact"]),
)
def test_a_time_of_the_wall_is_read_as_that_of_this_machine(time: datetime, form: str) -> None:
    wall = time.replace(microsecond=0)
    read = read_name(f"backup_{render(f'{{time:{form}}}', facts(wall.replace(tzinfo=HERE)))}").time
    assert read is not None
    assert read.replace(tzinfo=None) == wall


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("backup_20250831_215249_manual", "manual"),
        ("backup_20250831_215249_automated", "automated"),
        ("site-20250831_215249-pre-operation", "pre-operation"),
        ("backup_20250831_215249_manual-2", "manual"),
        ("backup_20250831_215249", None),
        ("backup_20250831_215249-2", None),
        ("backup_1234567890", None),
        ("backup_20250831_215249_Manual copy", None),
    ],
)
def test_the_kind_stands_behind_the_time(name: str, kind: str | None) -> None:
    assert read_name(name).kind == kind


@pytest.mark.parametrize("name", ["backup", "", "backup_20259931_215249", "backup_123456789012345678", "photos-2025"])
def test_a_name_without_a_time_tells_none(name: str) -> None:
    assert read_name(name).time is None


def test_a_time_in_milliseconds_is_one() -> None:
    assert read_name("backup_1693285200123").time == datetime(2023, 8, 29, 5, 0, 0, 123000, tzinfo=UTC)


@given(st.text())
def test_any_name_can_be_read(name: str) -> None:
    read_name(name)


def test_names_go_on_with_numbers() -> None:
    names = candidates("backup", lambda _number: 0)
    assert [next(names) for _number in range(3)] == ["backup", "backup-2", "backup-3"]
