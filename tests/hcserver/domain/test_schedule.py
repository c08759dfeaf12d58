from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import dropwhile
from pathlib import Path

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from oncalendar import OnCalendar, OnCalendarError

from hcserver.domain import schedule as module
from hcserver.domain.schedule import ScheduleKind, next_occurrence, schedule_kind
from hcserver.domain.time_zone import zone
from tests.hcserver.domain.clock_changes import CLOCK_CHANGES, ClockChange

MINUTE = timedelta(minutes=1)

# Zones that change their clocks in March, April, September, October and November, north and south, by an
# hour and (Lord Howe) by half of one, in the night, at midnight (Santiago, Cairo), and never.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kolkata",
)
CHANGES_2025 = (
    (3, 9),
    (3, 30),
    (4, 5),
    (4, 6),
    (4, 25),
    (6, 1),
    (9, 7),
    (10, 5),
    (10, 26),
    (10, 31),
    (11, 2),
)


def at(text: str, tz: str = "UTC") -> datetime:
    """The moment at which the clock in `tz` shows `text`; fold=1 is written as a trailing `*`."""
    return (
        datetime.fromisoformat(text.rstrip("*"))
        .replace(tzinfo=zone(tz), fold=text.endswith("*"))
        .astimezone(UTC)
    )


def following(schedule: str, tz: str, after: str, kind: ScheduleKind = "cron") -> str | None:
    moment = next_occurrence(kind, schedule, tz, at(after, tz))
    return None if moment is None else moment.astimezone(zone(tz)).isoformat()


# --- what is accepted


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "15 5 * * *",
        " 0,30   8-18/2 * jan-mar mon-fri ",
        "0 0 L * *",
        "0 0 LW * *",
        "0 0 * * 5L",
        "0 0 * * 1#2",
        "0 0 13 * 5",
        "0 0 * * 7",
        "0 0 29 2 *",
    ],
)
def test_one_line_of_five_fields_is_cron(text: str) -> None:
    assert schedule_kind(text) == "cron"


@pytest.mark.parametrize(
    "text",
    [
        "12:00",
        "*-*~1 12:00",
        "Mon..Fri 09:00",
        "Mon,Fri *-*-* 09:00:30",
        "*:0/5",
        "daily",
        "WEEKLY",
        "hourly Europe/Riga",
        "12:00 Europe/Kiev",
        "08:00\n12:00\r\n18:00",
        "Mon *-*-1..7 12:00\n*-02-30",
        "2001-01-01 00:00",
        "Mon,,,,,,,",
        " 12:00\n",
    ],
)
def test_everything_else_is_oncalendar(text: str) -> None:
    assert schedule_kind(text) == "oncalendar"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "@daily",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "0 0 31 2 *",
        "0 0 */31 * 1#5",
        "* * * * *\n* * * * *",
        "1999-12-31 12:00",
        "2000-01-01 00:00",
        "*-02-30",
        "*-04-31\n*-02-30",
        "12:00 Europe/Atlantis",
        "12:00 ../../etc/passwd",
        "\0",
        "* * * * \0",
        "² * * * *",
        ",,,,,,,Mon",
    ],
)
def test_expressions_that_cannot_be_read_or_never_elapse_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        schedule_kind(text)


ALPHABET = "0123456789*/-,.:~#? \n\tLWMonSuTZaeyE²\0+"


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(ALPHABET, max_size=100),
        st.lists(st.text("0123456789*/-,L#W", max_size=8), min_size=5, max_size=5).map(" ".join),
        st.lists(
            st.tuples(st.text("MonTue,.- ", max_size=8), st.text("0123456789*/-,.~", max_size=9)).map(
                " ".join
            ),
            max_size=4,
        ).map("\n".join),
        st.text(max_size=100),
    )
)
@example("*-02,04,06,09,11-31\n*-02-30\nMon *-02-31\n*-2~29 *:*:*")
def test_any_text_is_accepted_with_a_next_moment_or_refused(text: str) -> None:
    try:
        kind = schedule_kind(text)
    except ValueError:
        return
    found = next_occurrence(kind, text, "Australia/Lord_Howe", datetime(2000, 1, 1, tzinfo=UTC))
    assert found is None or found > datetime(2000, 1, 1, tzinfo=UTC)


def test_what_was_not_accepted_raises_value_error() -> None:
    with pytest.raises(ValueError):
        next_occurrence("cron", "nonsense", "UTC", at("2025-01-01 00:00"))
    with pytest.raises(ValueError):
        next_occurrence("cron", "* * * * *", "Europe/Atlantis", at("2025-01-01 00:00"))


# --- the next occurrence


def test_the_next_occurrence_is_strictly_later() -> None:
    assert following("0 12 * * *", "UTC", "2025-06-01 11:59:59.999") == "2025-06-01T12:00:00+00:00"
    assert following("0 12 * * *", "UTC", "2025-06-01 12:00") == "2025-06-02T12:00:00+00:00"
    assert following("0 12 * * *", "UTC", "2025-06-01 12:00:00.001") == "2025-06-02T12:00:00+00:00"


def test_the_day_of_month_or_the_day_of_week_is_enough() -> None:
    assert following("0 0 13 * 5", "UTC", "2025-06-01 00:00") == "2025-06-06T00:00:00+00:00"
    assert following("0 0 13 * 5", "UTC", "2025-10-11 00:00") == "2025-10-13T00:00:00+00:00"


def test_oncalendar_counts_seconds_and_lines_in_their_own_zones() -> None:
    assert following("*:*:0/20", "UTC", "2025-06-01 00:00:20.5", "oncalendar") == "2025-06-01T00:00:40+00:00"
    both = "12:00 America/New_York\n12:00"
    assert following(both, "Europe/Riga", "2025-06-01 10:00", "oncalendar") == "2025-06-01T12:00:00+03:00"
    assert following(both, "Europe/Riga", "2025-06-01 12:00", "oncalendar") == "2025-06-01T19:00:00+03:00"


def test_a_shorthand_can_have_a_zone() -> None:
    assert (
        following("daily Europe/Riga", "UTC", "2025-06-01 00:00", "oncalendar") == "2025-06-01T21:00:00+00:00"
    )


def test_a_schedule_that_never_elapses_again_has_no_next_occurrence() -> None:
    assert next_occurrence("oncalendar", "2001-01-01", "UTC", at("2025-01-01 00:00")) is None
    assert next_occurrence("oncalendar", "*-*-*", "UTC", at("2199-12-31 12:00")) is None


@pytest.mark.parametrize("tz", ["Europe/Berlin", "Europe/Vienna"])
def test_a_schedule_that_always_falls_into_the_skipped_hour_has_no_next_occurrence(tz: str) -> None:
    after = at("2025-01-01 00:00")
    assert next_occurrence("oncalendar", "Sun *-03-25..31 02:30", tz, after) is None
    assert next_occurrence("cron", "* 2 25-31 3 */7", tz, after) is None


def test_a_time_far_in_the_future_does_no_harm() -> None:
    assert next_occurrence("cron", "0 0 29 2 *", "Europe/Berlin", at("9997-03-01 00:00")) is None


# --- changes of the clock


def test_a_daily_time_in_the_skipped_hour_runs_right_after_it() -> None:
    assert following("30 2 * * *", "Europe/Berlin", "2025-03-29 12:00") == "2025-03-30T03:00:00+02:00"
    assert following("30 2 * * *", "Europe/Berlin", "2025-03-30 03:00") == "2025-03-31T02:30:00+02:00"


def test_a_wildcard_does_not_run_in_the_skipped_hour() -> None:
    assert following("*/10 2 * * *", "Europe/Berlin", "2025-03-29 12:00") == "2025-03-31T02:00:00+02:00"


def test_a_daily_time_in_the_repeated_hour_runs_once() -> None:
    assert following("30 2 * * *", "Europe/Berlin", "2025-10-26 01:00") == "2025-10-26T02:30:00+02:00"
    assert following("30 2 * * *", "Europe/Berlin", "2025-10-26 02:30") == "2025-10-27T02:30:00+01:00"
    assert following("30 2 * * *", "Europe/Berlin", "2025-10-26 02:10*") == "2025-10-27T02:30:00+01:00"


def test_a_wildcard_runs_in_both_passes_of_the_repeated_hour() -> None:
    assert following("*/20 * * * *", "Europe/Berlin", "2025-10-26 02:40") == "2025-10-26T02:00:00+01:00"
    assert following("*/20 * * * *", "Europe/Berlin", "2025-10-26 02:00*") == "2025-10-26T02:20:00+01:00"
    assert following("*/20 * * * *", "Europe/Berlin", "2025-10-26 02:40*") == "2025-10-26T03:00:00+01:00"


def test_lord_howe_moves_its_clock_by_half_an_hour() -> None:
    tz = "Australia/Lord_Howe"
    assert following("15 2 * * *", tz, "2025-10-04 12:00") == "2025-10-05T02:30:00+11:00"
    assert following("* * * * *", tz, "2025-10-05 01:59") == "2025-10-05T02:30:00+11:00"
    assert following("45 1 * * *", tz, "2025-04-06 01:45") == "2025-04-07T01:45:00+10:30"
    assert following("*/15 * * * *", tz, "2025-04-06 01:45") == "2025-04-06T01:30:00+10:30"
    assert following("* 2 * * *", tz, "2025-04-06 00:10") == "2025-04-06T02:00:00+10:30"


def test_midnight_can_be_skipped() -> None:
    assert following("0 0 * * *", "America/Santiago", "2025-09-06 12:00") == "2025-09-07T01:00:00-03:00"
    assert (
        following("daily", "America/Santiago", "2025-09-06 12:00", "oncalendar")
        == "2025-09-08T00:00:00-03:00"
    )


def test_oncalendar_skips_skipped_times_and_runs_once_in_the_repeated_hour() -> None:
    tz = "America/New_York"
    assert following("02:30", tz, "2025-03-08 12:00", "oncalendar") == "2025-03-10T02:30:00-04:00"
    assert following("01:30", tz, "2025-11-02 01:30", "oncalendar") == "2025-11-03T01:30:00-05:00"
    assert following("*:*:*", tz, "2025-11-02 01:10*", "oncalendar") == "2025-11-02T02:00:00-05:00"


@pytest.mark.parametrize("change", CLOCK_CHANGES, ids=lambda change: change.tz)
def test_cron_moves_a_skipped_time_and_oncalendar_skips_it(change: ClockChange) -> None:
    hour, minute = change.skipped.split(":")
    before = change.gap_end - timedelta(hours=4)
    assert next_occurrence("cron", f"{minute} {hour} * * *", change.tz, before) == change.gap_end
    found = next_occurrence("oncalendar", change.skipped, change.tz, before)
    next_day = change.gap_end.astimezone(zone(change.tz)).date() + timedelta(days=1)
    assert found == at(f"{next_day} {change.skipped}", change.tz)


@pytest.mark.parametrize("change", CLOCK_CHANGES, ids=lambda change: change.tz)
def test_cron_and_oncalendar_take_a_repeated_time_once(change: ClockChange) -> None:
    hour, minute = change.repeated.split(":")
    next_day = change.first_pass.astimezone(zone(change.tz)).date() + timedelta(days=1)
    schedules: list[tuple[ScheduleKind, str]] = [
        ("cron", f"{minute} {hour} * * *"),
        ("oncalendar", change.repeated),
    ]
    for kind, text in schedules:
        before = change.first_pass - timedelta(hours=2)
        assert next_occurrence(kind, text, change.tz, before) == change.first_pass
        after = next_occurrence(kind, text, change.tz, change.first_pass)
        assert after == at(f"{next_day} {change.repeated}", change.tz)


@pytest.mark.parametrize("text", ["03:15", "*:15", "15 3 * * *", "15 * * * *", "*/15 3 * * *"])
def test_a_schedule_that_never_skips_elapses_at_the_end_of_the_gap(text: str) -> None:
    gap_end = at("2026-03-29 04:00", "Europe/Riga")
    found = next_occurrence(schedule_kind(text), text, "Europe/Riga", gap_end - MINUTE, never_skip=True)
    assert found == gap_end


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.integers(1, high).map(lambda step: f"*/{step}")
    return st.one_of(
        st.just("*"),
        number.map(str),
        span,
        steps,
        st.lists(number.map(str), min_size=2, max_size=3).map(",".join),
    )


cron_expressions = st.tuples(
    field(0, 59),
    st.one_of(field(0, 23), field(0, 4)),
    st.one_of(st.just("*"), field(1, 31)),
    st.one_of(st.just("*"), field(1, 12)),
    st.one_of(st.just("*"), field(0, 7), st.sampled_from(["1#2", "5L", "sun"])),
).map(" ".join)
moments = st.builds(
    lambda day, seconds: datetime(2025, day[0], day[1], tzinfo=UTC) + timedelta(seconds=seconds),
    st.sampled_from(CHANGES_2025),
    st.integers(-86_400, 86_400),
)


@settings(max_examples=300, deadline=None)
@given(cron_expressions, st.sampled_from(ZONES), moments)
def test_cron_with_a_wildcard_runs_at_every_minute_whose_wall_clock_matches(
    expression: str, tz: str, after: datetime
) -> None:
    try:
        parsed = CronSim(expression, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError:
        assume(False)
    minute, hour = expression.split()[:2]
    assume(minute.startswith("*") or hour.startswith("*"))

    def matches(moment: datetime) -> bool:
        wall = moment.astimezone(zone(tz))
        right_day = wall.month in parsed.months and parsed.match_day(wall.date())
        return right_day and wall.hour in parsed.hours and wall.minute in parsed.minutes

    first = after.replace(second=0) + timedelta(minutes=1)
    window = (first + timedelta(minutes=n) for n in range(2 * 24 * 60))
    expected = next(filter(matches, window), None)
    found = next_occurrence("cron", expression, tz, after)
    if expected is not None:
        assert found == expected
    else:
        assert found is None or found >= first + timedelta(days=2)


@settings(max_examples=300, deadline=None)
@given(cron_expressions, st.sampled_from(ZONES), moments)
def test_cron_without_a_wildcard_runs_when_cronsim_says(expression: str, tz: str, after: datetime) -> None:
    minute, hour = expression.split()[:2]
    assume(tz == "UTC" or not (minute.startswith("*") or hour.startswith("*")))
    try:
        occurrences = CronSim(expression, after.astimezone(zone(tz)) if tz != "UTC" else after)
    except CronSimError:
        assume(False)
    later = dropwhile(lambda moment: moment <= after, (moment.astimezone(UTC) for moment in occurrences))
    assert next_occurrence("cron", expression, tz, after) == next(later, None)


oncalendar_expressions = st.one_of(
    st.builds(
        "{} *-{}-{} {}:{}".format,
        st.sampled_from(["", "Mon..Fri", "Sat,Sun", "Sun"]),
        st.sampled_from(["*", "1/2", "3,10", "4..11"]),
        st.sampled_from(["*", "1..7", "25..31", "~1", "~7/1", "6"]),
        st.sampled_from(["*", "0", "1", "2", "0/3", "1..3"]),
        st.sampled_from(["0", "30", "0/10", "*:0/7", "59:59"]),
    ),
    st.sampled_from(["hourly", "daily", "weekly", "quarterly", "2025-10-26 02:30", "*:0/15\n02:10 UTC"]),
)


@settings(max_examples=300, deadline=None)
@given(oncalendar_expressions, st.sampled_from(ZONES), moments)
def test_oncalendar_elapses_when_the_library_says(expression: str, tz: str, after: datetime) -> None:
    try:
        occurrences = OnCalendar(expression, after.astimezone(zone(tz)))
    except OnCalendarError:
        assume(False)
    later = dropwhile(lambda moment: moment <= after, (moment.astimezone(UTC) for moment in occurrences))
    assert next_occurrence("oncalendar", expression, tz, after) == next(later, None)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(cron_expressions, oncalendar_expressions), st.sampled_from(ZONES), st.lists(moments, min_size=2)
)
def test_the_answer_does_not_depend_on_what_was_asked_before(
    text: str, tz: str, asked: list[datetime]
) -> None:
    try:
        kind = schedule_kind(text)
    except ValueError:
        assume(False)
    remembered = [next_occurrence(kind, text, tz, moment) for moment in asked]
    for moment, answer in zip(asked, remembered, strict=True):
        module._compile.cache_clear()
        assert next_occurrence(kind, text, tz, moment) == answer


def test_zones_come_from_the_tzdata_package(tmp_path: Path) -> None:
    utc = resources.files("tzdata").joinpath("zoneinfo", "UTC").read_bytes()
    (tmp_path / "Asia").mkdir()
    (tmp_path / "Asia" / "Tokyo").write_bytes(utc)
    zone.cache_clear()
    module._compile.cache_clear()
    zoneinfo.reset_tzpath(to=[tmp_path])
    try:
        assert following("0 12 * * *", "Asia/Tokyo", "2025-06-01 00:00") == "2025-06-01T12:00:00+09:00"
        found = next_occurrence("oncalendar", "12:00 Asia/Tokyo", "UTC", at("2025-06-01 00:00"))
        assert found == at("2025-06-01 03:00")
    finally:
        zoneinfo.reset_tzpath()
