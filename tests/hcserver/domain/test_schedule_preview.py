from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.domain.schedule import ScheduleKind, next_occurrence
from hcserver.domain.schedule_preview import Occurrence, preview
from hcserver.domain.time_zone import zone

BERLIN = "Europe/Berlin"


def occurrences(
    kind: ScheduleKind, schedule: str, now: str, count: int = 6, tz: str = BERLIN
) -> tuple[Occurrence, ...]:
    moment = datetime.fromisoformat(now).replace(tzinfo=zone(tz)).astimezone(UTC)
    return preview(kind, 0, schedule, tz, now=moment, count=count).occurrences


def shown(found: tuple[Occurrence, ...]) -> list[tuple[str, str | None]]:
    return [(f"{one.local:%d %b %H:%M}", one.mark.kind if one.mark else None) for one in found]


def test_the_next_six_in_the_zone_of_the_check() -> None:
    found = preview("cron", 0, "15 3 * * *", BERLIN, now=datetime(2025, 6, 1, 12, tzinfo=UTC))
    assert found.basis == "schedule"
    assert shown(found.occurrences) == [(f"{day:02} Jun 03:15", None) for day in range(2, 8)]
    assert found.occurrences[0].at == datetime(2025, 6, 2, 1, 15, tzinfo=UTC)
    assert found.occurrences[0].at.tzinfo is UTC


def test_a_period_goes_on_from_the_last_ping_even_if_that_is_past() -> None:
    last = datetime(2025, 6, 1, 12, tzinfo=UTC)
    now = last + timedelta(hours=1)
    found = preview("simple", 600, "", "UTC", now=now, last_ping=last, count=3)
    assert found.basis == "last ping"
    assert [one.at - last for one in found.occurrences] == [timedelta(minutes=m) for m in (10, 20, 30)]


def test_without_a_ping_a_period_has_no_next_moment_yet() -> None:
    found = preview("simple", 600, "", "UTC", now=datetime(2025, 6, 1, tzinfo=UTC))
    assert (found.basis, found.occurrences) == ("first ping", ())


def test_a_schedule_that_ends_has_fewer() -> None:
    found = occurrences("oncalendar", "2025-06-02 10:00", "2025-06-01T00:00")
    assert shown(found) == [("02 Jun 10:00", None)]


def test_a_change_of_the_clock_between_two_occurrences_is_marked() -> None:
    found = occurrences("cron", "0 12 * * *", "2025-03-28T13:00", 3)
    assert shown(found) == [("29 Mar 12:00", None), ("30 Mar 12:00", "changed"), ("31 Mar 12:00", None)]
    assert found[1].mark is not None
    assert found[1].mark.text == "the clock goes forward by 1 h before this"
    found = occurrences("cron", "0 12 * * *", "2025-10-25T13:00", 1)
    assert found[0].mark is not None
    assert found[0].mark.text == "the clock goes back by 1 h before this"


def test_an_occurrence_that_cron_moves_out_of_a_gap_is_marked() -> None:
    found = occurrences("cron", "30 2 * * *", "2025-03-29T12:00", 2)
    assert shown(found) == [("30 Mar 03:00", "moved"), ("31 Mar 02:30", None)]
    assert found[0].mark is not None
    assert found[0].mark.text == "moved from 02:30, a time that the clock skips on this day"


def test_an_occurrence_that_oncalendar_skips_is_marked_at_the_next_one() -> None:
    found = occurrences("oncalendar", "02:30", "2025-03-28T12:00", 3)
    assert shown(found) == [("29 Mar 02:30", None), ("31 Mar 02:30", "skipped"), ("01 Apr 02:30", None)]
    assert found[1].mark is not None
    assert found[1].mark.text == "Sun 30 Mar 02:30 is skipped: the clock goes forward"


def test_a_skipped_time_is_found_where_the_offset_before_and_after_is_the_same() -> None:
    found = occurrences("oncalendar", "*-03-30 02:30", "2024-06-01T12:00", 1)
    assert [(one.local.year, one.mark.kind if one.mark else None) for one in found] == [(2026, "skipped")]


def test_both_passes_of_a_doubled_hour_are_marked() -> None:
    found = occurrences("cron", "*/30 * * * *", "2025-10-26T01:45", 6)
    assert shown(found) == [
        ("26 Oct 02:00", "first"),
        ("26 Oct 02:30", "first"),
        ("26 Oct 02:00", "second"),
        ("26 Oct 02:30", "second"),
        ("26 Oct 03:00", None),
        ("26 Oct 03:30", None),
    ]
    once = occurrences("cron", "30 2 * * *", "2025-10-25T12:00", 2)
    assert shown(once) == [("26 Oct 02:30", "first"), ("27 Oct 02:30", "changed")]


def test_lines_in_another_zone_are_shown_by_the_clock_of_the_check() -> None:
    found = occurrences("oncalendar", "02:30 UTC", "2025-03-29T12:00", 2)
    assert shown(found) == [("30 Mar 04:30", "changed"), ("31 Mar 04:30", None)]
    named = occurrences("oncalendar", f"02:30 {BERLIN}", "2025-03-29T12:00", 1)
    assert shown(named) == [("31 Mar 02:30", "skipped")]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["30 2 * * *", "*/15 * * * *", "0 1-4 * * *", "15 */2 * * 0", "0 0 30 3 *"]),
    st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC"]),
    st.integers(0, 366 * 24 * 12).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * n)),
)
def test_moments_are_those_of_the_schedule_and_zones_without_changes_have_no_marks(
    schedule: str, tz: str, now: datetime
) -> None:
    found = preview("cron", 0, schedule, tz, now=now).occurrences
    moment = now
    for one in found:
        following = next_occurrence("cron", schedule, tz, moment)
        assert following == one.at == one.local.astimezone(UTC)
        moment = one.at
        assert tz != "UTC" or one.mark is None


@pytest.mark.parametrize(
    ("kind", "schedule"),
    [
        ("cron", "59 23 29 2 SUN"),
        ("cron", "0 0 29 2 */7"),
        ("oncalendar", "Mon *-02-29 00:00"),
        ("oncalendar", "\n".join(f"*-2-29 {n}:1" for n in range(8))),
        ("oncalendar", "\n".join(f"Mon *-2~1 {n}:1" for n in range(7))),
    ],
)
def test_rare_schedules_hold_nobody_up(kind: ScheduleKind, schedule: str) -> None:
    start = time.process_time()
    for n in range(10):  # at a moment that was not asked for before, as what was found last is remembered
        preview(kind, 0, schedule, BERLIN, now=datetime(2025, 6, 1, tzinfo=UTC) + timedelta(days=1500 * n))
    assert time.process_time() - start < 2  # seconds; it takes some 20 ms
