from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from handlers.pages.check_row import down_since, make_row, why_down
from hcserver.domain.check import Check
from hcserver.domain.shown_state import ShownState, state_of
from hcserver.domain.state_machine import expire, record
from hcserver.domain.status import shown_status
from hcserver.services.delivery.project_settings import ProjectSettings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NO_SETTINGS = ProjectSettings({}, [])


def new_check(**fields: Any) -> Check:
    some = UUID(int=1)
    return Check(id=some, project=some, badge=some, created=NOW, timeout=3600, grace=600, **fields)


def next_of(check: Check, after: float) -> str:
    """What the row says comes next, so many seconds later."""
    now = NOW + timedelta(seconds=after)
    row = make_row(check, state_of(check, shown_status(check, now)), NO_SETTINGS, now)
    return re.sub("<[^>]+>", "", row.next) + (f" ({row.why})" if row.why else "")


def test_what_comes_next_is_said_in_each_state() -> None:
    check = new_check()
    assert next_of(check, 0) == "waiting for the first ping"
    up = record(check, "success", NOW).check
    assert next_of(up, 60) == "in 59 min"
    assert next_of(up, 3600 + 120) == "2 min late down in 8 min"
    assert next_of(up, 3600 + 600 + 780) == "down for 13 min (no report)"
    assert next_of(record(up, "start", NOW).check, 120) == "running for 2 min"
    assert next_of(record(up, "fail", NOW, None, 3).check, 7080) == "down for 1 h 58 min (exit status 3)"
    assert next_of(record(up, "fail", NOW).check, 60) == "down for 1 min (failure reported)"


def test_a_run_that_takes_too_long_is_the_reason() -> None:
    up = record(new_check(), "success", NOW).check
    running = record(up, "start", NOW).check
    assert running.alert_after is not None
    down = expire(running, running.alert_after).check
    assert why_down(down) == "the run takes too long"
    assert down_since(down) == running.alert_after


def test_a_check_that_is_past_its_deadline_is_down_since_then() -> None:
    up = record(new_check(), "success", NOW).check
    assert down_since(up) == up.alert_after


@pytest.mark.parametrize("state", ["paused", "up"])
def test_where_nothing_is_expected_there_is_a_dash(state: ShownState) -> None:
    check = new_check(status=state, kind="oncalendar", schedule="2020-01-01", last_ping=NOW)
    assert make_row(check, state, NO_SETTINGS, NOW).next == "—"


def test_a_run_that_was_too_short_is_the_reason_until_another_failure() -> None:
    running = record(new_check(min_runtime=60), "start", NOW).check
    down = record(running, "success", NOW + timedelta(seconds=2)).check
    assert why_down(down) == "finished too soon, after 2 s"
    assert why_down(record(down, "fail", NOW + timedelta(minutes=1)).check) == "failure reported"
    up = record(down, "success", NOW + timedelta(minutes=1)).check
    assert up.alert_after is not None
    assert why_down(expire(up, up.alert_after).check) == "no report"


def test_successes_that_are_not_enough_yet_stand_beside_the_reason() -> None:
    check = record(new_check(successes_before_up=3), "fail", NOW, None, 3).check
    assert next_of(check, 60) == "down for 1 min (exit status 3)"
    one = record(check, "success", NOW + timedelta(minutes=1)).check
    assert next_of(one, 120) == "down for 2 min (exit status 3; 1 of 3 successes since then)"
    assert why_down(record(record(check, "fail", NOW).check, "success", NOW).check) == "a run failed"
    late = expire(one, NOW + timedelta(hours=9)).check
    assert next_of(late, 9 * 3600) == "down for 9 h (exit status 3)"
