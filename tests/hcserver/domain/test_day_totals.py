from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from hcserver.domain.check import Status
from hcserver.domain.clock import EPOCH
from hcserver.domain.day_totals import DayTotals, uptime_of, worst_days
from hcserver.domain.downtime import downtime
from hcserver.domain.flip import Flip

NOW = datetime(2024, 3, 10, 12, 0, tzinfo=UTC)
DAY = 86_400


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_downtime_over_midnight_counts_on_both_days() -> None:
    totals = DayTotals(NOW, 3)
    totals.add(at("2024-03-08 23:00"), at("2024-03-10 02:00"), "down")
    assert [(day.times, day.seconds) for day in totals.days()] == [(1, 3600), (1, DAY), (1, 7200)]
    assert [str(day.date) for day in totals.days()] == ["2024-03-08", "2024-03-09", "2024-03-10"]


def test_only_time_that_is_up_or_down_is_watched() -> None:
    totals = DayTotals(NOW, 1)
    moments = [at(f"2024-03-10 0{hour}:00") for hour in range(5)]
    statuses: list[Status] = ["new", "up", "down", "paused"]
    for begin, end, status in zip(moments, moments[1:], statuses, strict=False):
        totals.add(begin, end, status)
    [day] = totals.days()
    assert (day.times, day.seconds, day.watched) == (1, 3600, 7200)


def test_what_is_outside_the_days_is_ignored() -> None:
    totals = DayTotals(NOW, 1)
    totals.add(at("2023-01-01"), at("2024-03-10 01:00"), "down")
    totals.add(at("2024-03-11"), at("2024-03-12"), "down")
    [day] = totals.days()
    assert (day.times, day.seconds) == (1, 3600)


def test_days_that_are_too_long_ago_are_forgotten() -> None:
    totals = DayTotals(NOW, 3)
    totals.add(at("2024-03-08"), at("2024-03-10 01:00"), "down")
    totals.move(NOW + timedelta(days=1))
    assert [day.seconds for day in totals.days()] == [DAY, 3600, 0]
    totals.move(NOW)
    assert totals.begin == at("2024-03-09")
    totals.move(NOW + timedelta(days=100))
    assert [day.seconds for day in totals.days()] == [0, 0, 0]
    assert totals.begin == at("2024-06-16")


def test_a_copy_leaves_the_original_as_it_is() -> None:
    totals = DayTotals(NOW, 1)
    other = totals.copy()
    other.add(at("2024-03-10"), NOW, "down")
    assert totals.days()[0].watched == 0
    assert other.days()[0].watched == DAY / 2


def test_the_totals_are_those_of_the_flips_whatever_happened() -> None:
    random.seed(7)
    begin = NOW - timedelta(days=100)
    moments = sorted(begin + timedelta(seconds=random.randrange(100 * DAY)) for _ in range(500))
    old, flips = "up", []
    totals, since = DayTotals(NOW, 90), begin
    for n, moment in enumerate(moments, start=1):
        new = random.choice(["up", "down", "paused"])
        flips.append(Flip(check=uuid4(), n=n, at=moment, old=old, new=new, reason="ping"))  # type: ignore[arg-type]
        totals.add(since, moment, old)  # type: ignore[arg-type]
        old, since = new, moment
    totals.add(since, NOW, old)  # type: ignore[arg-type]
    days = totals.days()
    starts = [EPOCH + timedelta(days=day.number) for day in days]
    for day, expected in zip(days, downtime(flips, begin, NOW, starts, "up"), strict=True):
        assert day.seconds == pytest.approx(expected.seconds)
        assert day.watched == pytest.approx(expected.watched)


def test_uptime_is_the_share_of_the_time_that_was_watched() -> None:
    totals = DayTotals(NOW, 2)
    assert uptime_of(totals.days()) is None
    totals.add(at("2024-03-10 00:00"), at("2024-03-10 03:00"), "up")
    totals.add(at("2024-03-10 03:00"), at("2024-03-10 04:00"), "down")
    assert uptime_of(totals.days()) == 0.75


def test_of_a_group_the_check_counts_that_was_down_for_longest() -> None:
    several = [DayTotals(NOW, 2) for _ in range(3)]
    several[0].add(at("2024-03-09 00:00"), at("2024-03-09 01:00"), "down")
    several[1].add(at("2024-03-09 00:00"), at("2024-03-09 02:00"), "down")
    several[2].add(at("2024-03-10 00:00"), at("2024-03-10 03:00"), "up")
    first, second = worst_days([totals.days() for totals in several])
    assert (first.seconds, second.seconds, second.watched) == (7200, 0, 3 * 3600)
