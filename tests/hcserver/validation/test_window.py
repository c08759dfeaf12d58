from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.errors import InvalidRequest
from hcserver.validation.window import apply_window, parse_window, past_field

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)
NEW = MaintenanceWindow(id=UUID(int=1), project=UUID(int=2), created=NOW)
CHECK = UUID("6837d6ec-fc08-4da5-a67f-08a9ed1ccf62")
START, END = "2030-02-01T00:00:00Z", "2030-02-01T02:00:00+01:00"
ONCE = apply_window(NEW, {"start": START, "end": END}, NOW)
NIGHTLY = apply_window(NEW, {"schedule": "0 3 * * *", "minutes": 90, "tz": "Europe/Kiev"}, NOW)


def fault(window: MaintenanceWindow, /, **data: object) -> str:
    with pytest.raises(InvalidRequest) as caught:
        apply_window(window, data, NOW)
    return str(caught.value).removeprefix("json validation error: ")


def test_a_window_for_once_has_a_start_and_an_end() -> None:
    assert (ONCE.start, ONCE.end) == (
        datetime(2030, 2, 1, tzinfo=UTC),
        datetime(2030, 2, 1, 1, tzinfo=UTC),
    )
    assert (ONCE.schedule, ONCE.minutes) == ("", 0)


def test_a_recurring_window_has_a_schedule_and_minutes() -> None:
    assert (NIGHTLY.kind, NIGHTLY.schedule, NIGHTLY.tz, NIGHTLY.minutes) == (
        "cron",
        "0 3 * * *",
        "Europe/Kyiv",
        90,
    )
    assert (NIGHTLY.start, NIGHTLY.end) == (None, None)
    assert apply_window(NEW, {"schedule": "Sat", "minutes": 1}, NOW).kind == "oncalendar"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, "start and end are missing, or schedule and minutes"),
        ({"name": "x"}, "start and end are missing, or schedule and minutes"),
        ({"start": START}, "end is missing"),
        ({"end": END}, "start is missing"),
        ({"schedule": "Sat"}, "minutes is missing"),
        ({"minutes": 5}, "schedule is missing"),
        ({"tz": "UTC"}, "schedule is missing"),
        ({"start": END, "end": START}, "end is not after start"),
        ({"start": END, "end": END}, "end is not after start"),
        ({"start": 0, "end": "2030-01-31T12:00:00Z"}, "end is in the past"),
        ({"minutes": 0}, "minutes is too small"),
        ({"minutes": 10_081}, "minutes is too large"),
        ({"schedule": "never"}, "schedule is not a valid cron or OnCalendar expression"),
        ({"tz": "Mars"}, "tz is not a valid timezone"),
        ({"check": "x"}, "check is not a uuid"),
        ({"check": 1}, "check is not a string"),
        ({"schedule": "2030-01-31 10:00", "minutes": 120}, "schedule is in the past"),
        ({"tag": "two words"}, "tag contains white space"),
        ({"tag": "a\tb"}, "tag contains characters that can't be printed"),
        ({"tag": "x" * 101}, "tag is too long"),
        ({"name": "x" * 101}, "name is too long"),
        ({"tz": 1, "end": 1.5}, "end is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time"),
        (
            {"check": str(CHECK), "tag": "x"},
            "check and tag don't go together: name one of them, or none for all checks",
        ),
        (
            {"start": START, "end": END, "minutes": 5},
            "start and minutes don't go together: a window has start and end, or schedule, tz and minutes",
        ),
    ],
    ids=str,
)
def test_a_faulty_request_is_refused(data: dict[str, object], expected: str) -> None:
    assert fault(NEW, **data) == expected


def test_start_and_end_can_be_changed_separately() -> None:
    later = apply_window(ONCE, {"end": "2030-02-01T05:00:00Z"}, NOW)
    assert (later.start, later.end) == (ONCE.start, datetime(2030, 2, 1, 5, tzinfo=UTC))
    assert fault(ONCE, end="2030-01-31T23:00:00Z") == "end is not after start"


def test_parts_of_a_schedule_can_be_changed() -> None:
    assert apply_window(NIGHTLY, {"minutes": 5}, NOW).schedule == "0 3 * * *"
    assert apply_window(NIGHTLY, {"tz": "UTC"}, NOW).minutes == 90


def test_a_window_can_be_changed_to_the_other_form() -> None:
    assert apply_window(NIGHTLY, {"start": START, "end": END}, NOW) == ONCE
    changed = apply_window(ONCE, {"schedule": "0 3 * * *", "minutes": 90, "tz": "Europe/Kyiv"}, NOW)
    assert changed == NIGHTLY
    assert fault(NIGHTLY, start=START) == "end is missing"
    assert fault(ONCE, schedule="Sat") == "minutes is missing"


def test_a_past_window_can_still_be_renamed() -> None:
    named = apply_window(ONCE, {"name": "old"}, NOW + timedelta(days=30))
    assert (named.name, named.start) == ("old", ONCE.start)


def test_a_window_is_for_a_check_for_a_tag_or_for_all_checks() -> None:
    of_check = apply_window(ONCE, {"check": str(CHECK)}, NOW)
    assert (of_check.check, of_check.tag) == (CHECK, "")
    of_tag = apply_window(of_check, {"tag": "db"}, NOW)
    assert (of_tag.check, of_tag.tag) == (None, "db")
    assert apply_window(of_tag, {"check": str(CHECK)}, NOW) == of_check
    assert apply_window(of_tag, {"name": ""}, NOW) == of_tag
    assert apply_window(of_check, {"tag": ""}, NOW) == ONCE
    assert apply_window(of_check, {"check": None}, NOW) == ONCE
    assert apply_window(of_check, {"check": None, "tag": "db"}, NOW) == of_tag


def test_a_recurring_window_that_is_open_for_the_last_time_is_accepted() -> None:
    last = apply_window(NEW, {"schedule": "2030-01-31 10:00", "minutes": 121}, NOW)
    assert last.minutes == 121
    later = NOW + timedelta(days=1)
    assert apply_window(last, {"schedule": last.schedule, "minutes": 121, "tz": "UTC"}, later) == last
    with pytest.raises(InvalidRequest, match=r"schedule is in the past$"):
        apply_window(last, {"minutes": 122}, later)


def test_moments_are_kept_in_whole_seconds() -> None:
    window = apply_window(NEW, {"start": START, "end": "2030-02-01T01:00:00.999Z"}, NOW)
    assert window.end == datetime(2030, 2, 1, 1, tzinfo=UTC)


def test_a_window_that_is_over_can_be_posted_unchanged_but_not_changed_to_another_past() -> None:
    later = NOW + timedelta(days=30)
    assert apply_window(ONCE, {"check": None, "start": START, "end": END}, later) == ONCE
    with pytest.raises(InvalidRequest, match=r"end is in the past$"):
        apply_window(ONCE, {"end": "2030-02-01T03:00:00Z"}, later)


def test_only_the_known_fields_of_a_request_are_read() -> None:
    assert parse_window({"tag": "prod", "minutes": 9, "id": 3}) == {"tag": "prod", "minutes": 9}
    with pytest.raises(InvalidRequest, match="minutes is too small"):
        parse_window({"tag": "prod", "minutes": 0})


def test_a_window_is_over_once_it_will_never_be_open_again() -> None:
    end = datetime(2030, 2, 1, 1, tzinfo=UTC)
    assert past_field(ONCE, end - timedelta(seconds=1)) is None
    assert past_field(ONCE, end) == "end"
    assert past_field(NIGHTLY, end) is None
    last = apply_window(NEW, {"schedule": "2030-02-01 00:00", "minutes": 90}, NOW)
    assert past_field(last, end) is None
    assert past_field(last, end + timedelta(minutes=30)) == "schedule"
