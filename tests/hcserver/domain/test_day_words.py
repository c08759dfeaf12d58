from __future__ import annotations

import pytest

from hcserver.domain.day_words import days_in_words
from hcserver.domain.schedule import ScheduleKind
from hcserver.domain.schedule_fields import fields


def days(kind: ScheduleKind, expression: str) -> str | None:
    (only,) = fields(kind, expression, "UTC")
    return days_in_words(only)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 0 * * *", "every day"),
        ("0 0 * 1 *", "every day in January"),
        ("0 0 * 1,3 MON", "Mondays in January and March"),
        ("0 0 * * 1-3", "Mon to Wed"),
        ("0 0 * * 1,2", "Mon and Tue"),
        ("0 0 30 6 *", "on the 30th of June"),
        ("0 0 15,L * *", "on the 15th and the last day of each month"),
        ("0 0 * * 3#5", "on the fifth Wednesday of each month that has one"),
        ("0 0 * * 3#1,3#2,3L", "on the first, second and last Wednesday of each month"),
        ("0 0 1 6 1-5", "on the 1st of June and on Mon to Fri in June"),
        ("0 0 22,23 * *", "on the 22nd and 23rd of each month"),
    ],
)
def test_days_with_short_words(expression: str, words: str) -> None:
    assert days("cron", expression) == words


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 31 6 MON",  # there is no such day
        "0 0 31 1,2 *",  # only one of the months has it
        "0 0 30,31 * *",
        "0 0 1-31/2 * *",  # too many
        "0 0 */2 * MON",  # both must match
        "0 0 * * 1#1,2#1",
        "0 0 * * 1,2#1",
        "0 0 * 6 3#5",
    ],
)
def test_days_without_short_words(expression: str) -> None:
    assert days("cron", expression) is None


def test_years_are_told_for_a_single_day() -> None:
    assert days("oncalendar", "2027-02-28") == "once, on 28 February 2027"
    for expression in ("2027-*-01", "2027-01-01,02", "2027,2028-01-01", "Mon 2027-02-01", "2028-02-29"):
        assert days("oncalendar", expression) is None
