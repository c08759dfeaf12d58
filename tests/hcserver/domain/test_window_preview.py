from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from uuid import uuid4

from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.window_preview import openings

START = datetime(2026, 3, 1, tzinfo=UTC)  # a Sunday
END = START + timedelta(days=14)


def window(**fields: Any) -> MaintenanceWindow:
    return MaintenanceWindow(id=uuid4(), project=uuid4(), created=START, **fields)


def test_a_window_for_once_is_open_once_if_it_reaches_into_the_span() -> None:
    for start, end, count in ((-2, -1, 0), (-1, 1, 1), (3, 4, 1), (13, 20, 1), (14, 15, 0), (-1, 0, 0)):
        once = window(start=START + timedelta(days=start), end=START + timedelta(days=end))
        assert len(list(openings(once, START, END))) == count, (start, end)
    assert list(openings(window(), START, END)) == []


def test_a_recurring_window_is_open_each_time_and_when_the_span_begins() -> None:
    nightly = window(schedule="0 23 * * *", minutes=120)
    found = list(openings(nightly, START, END))
    assert len(found) == 15
    assert found[0].start == START - timedelta(hours=1)
    assert found[0].end == START + timedelta(hours=1)


def test_with_a_step_near_openings_are_left_out() -> None:
    always = window(schedule="* * * * *", minutes=1)
    assert len(list(openings(always, START, START + timedelta(hours=2)))) == 120
    half = timedelta(minutes=30)
    found = [one.start for one in islice(openings(always, START, END, half), 4)]
    assert [later - earlier for earlier, later in pairwise(found)] == [half] * 3
    hourly = window(schedule="0 * * * *", minutes=1)
    day = START + timedelta(days=1)
    assert list(openings(hourly, START, day, half)) == list(openings(hourly, START, day))
