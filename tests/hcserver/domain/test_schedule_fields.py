from __future__ import annotations

import pytest

from hcserver.domain.schedule_fields import LAST, LAST_MON_TO_FRI, Fields, fields


def cron(expression: str) -> Fields:
    (only,) = fields("cron", expression, "UTC")
    return only


def test_the_fields_of_a_cron_expression() -> None:
    assert cron("*/20 3,15 1 JAN SUN") == Fields(
        zone="UTC",
        hours=(3, 15),
        minutes=(0, 20, 40),
        seconds=(0,),
        years=None,
        months=(1,),
        days=(1,),
        weekdays=(6,),
        either=True,
    )


def test_days_and_weekdays_must_both_match_where_one_begins_with_a_star() -> None:
    assert not cron("0 0 1-7 * */7").either
    assert cron("0 0 1-7 * 0").either


def test_one_of_two_conditions_that_always_holds_leaves_none() -> None:
    for expression in ("0 0 1-31 * MON", "0 0 1 * 0-6", "0 0 * * *"):
        parsed = cron(expression)
        assert (parsed.days, parsed.any_weekday, parsed.either) == (None, True, False)


def test_the_last_days_of_a_month() -> None:
    assert cron("0 0 L * *").days == (LAST,)
    assert cron("0 0 LW * *").days == (LAST_MON_TO_FRI,)
    assert cron("0 0 * * 5L,1#2").nth == ((0, 2), (4, LAST))


def test_the_fields_of_each_line_of_an_oncalendar_schedule() -> None:
    first, second = fields("oncalendar", "Mon..Wed 2027-*-* 10:00\n*-*~1 0:0/30:15 Europe/Riga", "UTC")
    assert (first.zone, first.years, first.weekdays, first.hours) == ("UTC", (2027,), (0, 1, 2), (10,))
    assert (first.days, second.days) == (None, (LAST,))
    assert (second.zone, second.years, second.minutes, second.seconds) == (
        "Europe/Riga",
        None,
        (0, 30),
        (15,),
    )
    assert second.any_weekday


def test_what_can_not_be_parsed_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a cron expression"):
        fields("cron", "nonsense", "UTC")
    with pytest.raises(ValueError, match="not an OnCalendar expression"):
        fields("oncalendar", "nonsense", "UTC")
