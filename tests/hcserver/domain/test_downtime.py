"""Downtime by day and by month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from hcserver.domain.check import Status
from hcserver.domain.downtime import month_starts, monthly_downtime
from hcserver.domain.flip import Flip

CHECK = UUID("6837d6ec-fc08-4da5-a67f-08a9ed1ccf62")
CREATED = datetime(2023, 1, 1, tzinfo=UTC)
NOW = datetime(2024, 3, 10, 12, 0, tzinfo=UTC)
DAY = 86_400


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def flips(*changes: tuple[str, Status], first: Status = "up") -> list[Flip]:
    """Flips at these moments to these statuses."""
    made, old = [], first
    for n, (moment, new) in enumerate(changes, start=1):
        made.append(Flip(check=CHECK, n=n, at=at(moment), old=old, new=new, reason="ping"))
        old = new
    return made


def by_month(made: list[Flip], months: int = 3, **options: Status) -> list[tuple[int, float]]:
    return [(one.times, one.seconds) for one in monthly_downtime(made, CREATED, NOW, months, **options)]


def test_a_month_counts_its_downtimes_and_their_seconds() -> None:
    made = flips(
        ("2024-02-03 10:00", "down"), ("2024-02-03 10:30", "up"),
        ("2024-02-20 00:00", "down"), ("2024-02-20 00:01", "up"),
        ("2024-03-01 06:00", "down"), ("2024-03-01 07:00", "up"),
    )  # fmt: skip
    assert by_month(made) == [(0, 0), (2, 1860), (1, 3600)]


def test_the_order_of_the_flips_does_not_matter() -> None:
    made = flips(("2024-02-03 10:00", "down"), ("2024-02-03 10:30", "up"), ("2024-02-04 00:00", "down"))
    assert by_month(made[::-1]) == by_month(made)


def test_a_downtime_over_the_end_of_a_month_counts_in_both() -> None:
    made = flips(("2024-01-31 23:00", "down"), ("2024-02-01 02:00", "up"))
    assert by_month(made) == [(1, 3600), (1, 7200), (0, 0)]


def test_a_downtime_that_goes_on_lasts_until_now() -> None:
    assert by_month(flips(("2024-03-10 11:00", "down"))) == [(0, 0), (0, 0), (1, 3600)]


def test_without_flips_the_present_status_holds_for_the_whole_time() -> None:
    assert by_month([], months=1, status="down") == [(1, 9 * DAY + DAY / 2)]
    assert by_month([], months=1, status="up") == [(0, 0)]


def test_the_first_flip_says_what_the_status_was_before_it() -> None:
    made = flips(("2024-03-01 01:00", "up"), first="down")
    assert by_month(made, months=1) == [(1, 3600)]


def test_flips_before_the_first_period_change_nothing_but_the_status_at_its_beginning() -> None:
    made = flips(("2023-03-01 01:00", "down"), ("2023-04-01 01:00", "up"), ("2023-05-01 01:00", "down"))
    assert by_month(made, months=1) == [(1, 9 * DAY + DAY / 2)]


def test_a_pause_ends_a_downtime() -> None:
    made = flips(("2024-03-01 01:00", "down"), ("2024-03-01 02:00", "paused"))
    (month,) = monthly_downtime(made, CREATED, NOW, 1)
    assert (month.times, month.seconds, month.watched) == (1, 3600, 7200)


def test_what_was_before_the_check_existed_was_not_watched() -> None:
    months = monthly_downtime([], at("2024-02-29 12:00"), NOW, 3, status="up")
    assert [one.watched for one in months] == [0, DAY / 2, 9 * DAY + DAY / 2]


def test_a_check_without_a_ping_is_not_watched() -> None:
    made = flips(("2024-03-09 12:00", "up"), first="new")
    assert [one.watched for one in monthly_downtime(made, CREATED, NOW)] == [0, 0, DAY]


def test_a_flip_dated_after_now_does_not_count_yet() -> None:
    assert by_month(flips(("2024-03-10 13:00", "down")), months=1) == [(0, 0)]


def test_three_months_are_told_if_nothing_else_is_asked_for() -> None:
    assert len(monthly_downtime([], CREATED, NOW)) == 3


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2024-03-31 00:00", ["2024-01", "2024-02", "2024-03"]),
        ("2024-01-01 00:00", ["2023-11", "2023-12", "2024-01"]),
        ("2024-02-29 23:59", ["2023-12", "2024-01", "2024-02"]),
    ],
)
def test_months_go_back_over_the_turn_of_the_year(now: str, expected: list[str]) -> None:
    assert [f"{start:%Y-%m}" for start in month_starts(at(now), 3)] == expected


def test_months_are_those_of_utc_whatever_the_zone_of_the_moment() -> None:
    moment = datetime(2024, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=5)))
    assert month_starts(moment, 1) == [at("2024-02-01 00:00")]
