from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow, covers, open_until

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


def test_a_schedule_that_is_over_opens_no_window() -> None:
    assert open_until(a_window(kind="oncalendar", schedule="2001-01-01", minutes=60), NOW) is None
