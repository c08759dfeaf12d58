from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow, covers, next_opening, open_until
from tests.hcserver.domain.clock_changes import CLOCK_CHANGES, ClockChange

NOW = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
CHECK = Check(id=A, project=A, created=NOW, badge=A, tags="db prod")


def a_window(**fields: Any) -> MaintenanceWindow:
    return MaintenanceWindow(**{"id": A, "project": A, "created": NOW, **fields})


@pytest.mark.parametrize(
    ("fields", "covered"),
    [
        ({}, True),
        ({"project": B}, False),
        ({"check": A}, True),
        ({"check": B}, False),
        ({"tag": "prod"}, True),
        ({"tag": "pro"}, False),
    ],
)
def test_a_window_is_for_a_check_a_tag_or_a_project(fields: dict[str, Any], covered: bool) -> None:
    assert covers(a_window(**fields), CHECK) is covered


def test_a_single_window_is_open_from_its_start_until_its_end() -> None:
    window = a_window(start=NOW, end=NOW + timedelta(hours=1))
    tick = timedelta(milliseconds=1)
    assert open_until(window, NOW - tick) is None
    assert open_until(window, NOW) == window.end
    assert open_until(window, NOW + timedelta(hours=1) - tick) == window.end
    assert open_until(window, NOW + timedelta(hours=1)) is None


def test_a_recurring_window_follows_the_clock_of_its_zone() -> None:
    window = a_window(schedule="0 3 * * *", tz="Europe/Riga", minutes=90)
    # Summer time begins in the night of 29 March: 03:00 is skipped, the window opens at the end of the gap.
    for day, opens in ((28, 1), (30, 0)):
        opened = datetime(2026, 3, day, opens, 0, tzinfo=UTC)
        assert open_until(window, opened - timedelta(seconds=1)) is None
        assert open_until(window, opened) == opened + timedelta(minutes=90)
        assert open_until(window, opened + timedelta(minutes=90)) is None


def test_the_weekly_window_opens_on_the_sunday_on_which_the_clock_skips_its_time() -> None:
    window = a_window(kind="oncalendar", schedule="Sun 03:00", tz="Europe/Riga", minutes=90)
    end_of_the_gap = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 04:00 in Riga
    assert next_opening(window, NOW) == end_of_the_gap
    assert open_until(window, end_of_the_gap - timedelta(seconds=1)) is None
    assert open_until(window, end_of_the_gap) == end_of_the_gap + timedelta(minutes=90)
    assert open_until(window, end_of_the_gap + timedelta(minutes=90)) is None


@pytest.mark.parametrize("kind", ["cron", "oncalendar"])
@pytest.mark.parametrize("change", CLOCK_CHANGES, ids=lambda change: change.tz)
def test_a_window_opens_once_on_the_day_of_a_change_of_the_clock(kind: str, change: ClockChange) -> None:
    for time, opens in ((change.skipped, change.gap_end), (change.repeated, change.first_pass)):
        hour, minute = time.split(":")
        schedule = time if kind == "oncalendar" else f"{minute} {hour} * * *"
        window = a_window(kind=kind, schedule=schedule, tz=change.tz, minutes=15)
        moments = [opens + n * timedelta(minutes=15) for n in range(-40, 41)]
        assert [moment for moment in moments if open_until(window, moment) is not None] == [opens]


def test_a_schedule_that_is_over_opens_no_window() -> None:
    assert open_until(a_window(kind="oncalendar", schedule="2001-01-01", minutes=60), NOW) is None
