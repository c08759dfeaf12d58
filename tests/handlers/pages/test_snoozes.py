from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers.pages.form import Form
from handlers.pages.snoozes import DURATIONS, read_snooze
from hcserver.errors import InvalidRequest

NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)


def form(**fields: str) -> Form:
    return Form({name: [value] for name, value in fields.items()})


def test_each_duration_has_its_words() -> None:
    for choice, (words, length) in DURATIONS.items():
        assert read_snooze(choice, form(), NOW) == (NOW + length, f"snoozed {words}")
    assert read_snooze("end", form(), NOW) == (None, "no longer snoozed")
    assert read_snooze("1h", form(), NOW).until == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("tz", "until"),
    [
        ("", datetime(2026, 3, 30, tzinfo=UTC)),
        ("UTC", datetime(2026, 3, 30, tzinfo=UTC)),
        ("Europe/Riga", datetime(2026, 3, 29, 21, tzinfo=UTC)),  # summer time has begun meanwhile
        ("America/New_York", datetime(2026, 3, 30, 4, tzinfo=UTC)),
    ],
)
def test_a_snooze_until_a_date_ends_when_that_day_begins_where_the_reader_is(
    tz: str, until: datetime
) -> None:
    assert read_snooze("date", form(until="2026-03-30", tz=tz), NOW) == (until, "snoozed until 2026-03-30")


@pytest.mark.parametrize(
    ("choice", "fields", "text"),
    [
        ("", {}, "action has an unexpected value"),
        ("9h", {}, "action has an unexpected value"),
        ("date", {}, "until is not a date, or tz is not a time zone"),
        ("date", {"until": "soon"}, "until is not a date, or tz is not a time zone"),
        ("date", {"until": "0001-01-01", "tz": "Asia/Tokyo"}, "until is not a date, or tz is"),
        ("date", {"until": "2026-03-30", "tz": "Mars"}, "until is not a date, or tz is not a time zone"),
        ("date", {"until": "2026-03-27"}, "until is not a date in the future"),
    ],
)
def test_faults_are_named(choice: str, fields: dict[str, str], text: str) -> None:
    with pytest.raises(InvalidRequest, match=text):
        read_snooze(choice, form(**fields), NOW)
