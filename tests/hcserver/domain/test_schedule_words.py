from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hcserver.domain.schedule import ScheduleKind, next_occurrence, schedule_kind
from hcserver.domain.schedule_words import in_words, period_in_words
from tests.hcserver.domain.words_reader import occurrences

START = datetime(2024, 1, 1, tzinfo=UTC)

CRON = {
    "15 3 * * *": "03:15 every day",
    "0 4,16 * * *": "04:00 and 16:00 every day",
    "* * * * *": "every minute",
    "*/5 * * * *": "every 5 minutes",
    "5,35 * * * *": "every 30 minutes from minute 5",
    "0 * * * *": "every hour at :00",
    "15,20 * * * *": "every hour at :15 and :20",
    "0 */6 * * *": "every 6 hours from 00:00",
    "30 1-23/2 * * *": "every 2 hours from 01:30",
    "*/15 8-17 * * *": "every 15 minutes from 08:00 to 17:45 every day",
    "0 9 * * 1-5": "Mon to Fri at 09:00",
    "0 9 * * mon,WED,5": "Mon, Wed and Fri at 09:00",
    "0 5 * * 7": "Sundays at 05:00",
    "0 8-17 * * MON-FRI": "Mon to Fri, every hour from 08:00 to 17:00",
    "0 9 * 6 1-5": "Mon to Fri in June at 09:00",
    "0 3 * 6-8 *": "every day from June to August at 03:00",
    "0 2 1 * *": "on the 1st of each month at 02:00",
    "0 2 1,15 * *": "on the 1st and 15th of each month at 02:00",
    "0 2 11-13 * *": "on the 11th to 13th of each month at 02:00",
    "0 2 1 6-8 *": "on the 1st of each month from June to August at 02:00",
    "0 2 31 * *": "on the 31st of each month that has one at 02:00",
    "0 2 29 2 *": "on the 29th of February in leap years at 02:00",
    "0 2 L * *": "on the last day of each month at 02:00",
    "0 2 LW * *": "on the last weekday (Mon to Fri) of each month at 02:00",
    "0 2 * * 5L": "on the last Friday of each month at 02:00",
    "0 2 * * TUE#2": "on the second Tuesday of each month at 02:00",
    "0 0 1-7 * */7": "on the first Sunday of each month at 00:00",
    "0 0 1 * MON": "on the 1st of each month and on Mondays at 00:00",
    "0 0 1 * SUN-SAT": "00:00 every day",
    "0 0 1-31 * MON": "00:00 every day",
}
ONCALENDAR = {
    "daily": "00:00 every day",
    "hourly": "every hour at :00",
    "weekly": "Mondays at 00:00",
    "monthly": "on the 1st of each month at 00:00",
    "Mon..Fri 09:00": "Mon to Fri at 09:00",
    "Mon *-*-1..7 05:00": "on the first Monday of each month at 05:00",
    "*-*-* *:0/15": "every 15 minutes",
    "*:*:0/10": "every 10 seconds",
    "03:15:30": "03:15:30 every day",
    "*-*~1 03:00": "on the last day of each month at 03:00",
    "2027-01-31 12:00": "once, on 31 January 2027 at 12:00",
    "03:15 UTC": "03:15 every day",
    "03:15 Europe/Riga": "03:15 every day (Europe/Riga)",
    "Sat,Sun 10:00\nMon 11:00": "Sat and Sun at 10:00; Mondays at 11:00",
}


@pytest.mark.parametrize(("schedule", "words"), CRON.items())
def test_usual_cron_expressions_have_short_words(schedule: str, words: str) -> None:
    assert in_words("cron", 0, schedule, "UTC") == words


@pytest.mark.parametrize(("schedule", "words"), ONCALENDAR.items())
def test_usual_oncalendar_expressions_have_short_words(schedule: str, words: str) -> None:
    assert in_words("oncalendar", 0, schedule, "UTC") == words


def test_an_expression_without_short_words_is_shown_itself() -> None:
    for schedule in ("*/7 * * * *", "0 0 */2 * *", "0 0 1,31 * *", "0 0 31 1,2 *"):
        assert in_words("cron", 0, f" {schedule} ", "UTC") == schedule
    assert in_words("oncalendar", 0, "*-02-30 1:00\n5:00", "UTC") == "*-02-30 1:00; 5:00"
    assert in_words("oncalendar", 0, "1:00\n2:00\n3:00\n4:00", "UTC") == "1:00; 2:00; 3:00; 4:00"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "every minute"),
        (300, "every 5 minutes"),
        (3600, "every hour"),
        (5400, "every 90 minutes"),
        (6000, "every 1 h 40 min"),
        (6 * 3600, "every 6 hours"),
        (86_400, "every day"),
        (604_800, "every week"),
        (30 * 86_400, "every 30 days"),
        (61, "every 1 min 1 s"),
    ],
)
def test_a_period_is_told_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert period_in_words(seconds) == words
    assert in_words("simple", seconds, "not looked at", "UTC") == words


def test_what_can_not_be_parsed_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a cron expression"):
        in_words("cron", 0, "61 * * * *", "UTC")


# -- the words name exactly the occurrences


def field(low: int, high: int, *special: str) -> st.SearchStrategy[str]:
    """One field of an expression, in the shapes that people write."""
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, high)
    single = st.one_of(
        st.just("*"),
        number.map(str),
        span,
        step.map(lambda n: f"*/{n}"),
        st.tuples(span, step).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        *(st.just(word) for word in special),
    )
    several = st.lists(number, min_size=2, max_size=4).map(lambda numbers: ",".join(map(str, numbers)))
    return st.one_of(single, single, several)


EXPRESSIONS = st.tuples(
    field(0, 59),
    field(0, 23),
    st.one_of(st.just("*"), field(1, 31, "L", "LW", "15,L")),
    st.one_of(st.just("*"), field(1, 12)),
    st.one_of(st.just("*"), field(0, 7, "MON-FRI", "5L", "2#1", "1#2,1#4", "3#5")),
).map(" ".join)


def oncalendar(cron: str) -> str:
    """The same fields as an OnCalendar expression: its weekdays and days must both match."""
    minute, hour, day, month, weekday = (part.replace("-", "..") for part in cron.split())
    # OnCalendar knows no wildcard with a step.
    minute, hour = minute.replace("*/", "0/"), hour.replace("*/", "0/")
    day, month = day.replace("*/", "1/"), month.replace("*/", "1/")
    names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    weekdays = "" if not weekday[0].isdigit() or not weekday.isdigit() else f"{names[int(weekday)]} "
    return f"{weekdays}*-{month}-{day} {hour}:{minute}"


def assert_words_are_exact(kind: ScheduleKind, schedule: str, after: datetime) -> None:
    words = in_words(kind, 0, schedule, "UTC")
    if words == schedule:
        return
    moment, found = after, []
    for _ in range(40):
        following = next_occurrence(kind, schedule, "UTC", moment)
        if following is None or following > after + timedelta(days=12 * 365):
            break
        found.append(moment := following)
    assert list(islice(occurrences(words, after), len(found))) == found, words


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS, st.integers(0, 366 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)))
@example("0 0 1-7 * */7", START)
@example("0 0 29 * *", START)
@example("0 0 28-31 * *", START)
@example("0 0 31 6 MON", START)
def test_words_for_cron_name_exactly_its_occurrences(schedule: str, after: datetime) -> None:
    assume(_is_valid(schedule))
    assert_words_are_exact("cron", schedule, after)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, st.integers(0, 366 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)))
def test_words_for_oncalendar_name_exactly_its_occurrences(cron: str, after: datetime) -> None:
    schedule = oncalendar(cron)
    assume(_is_valid(schedule))
    assert_words_are_exact("oncalendar", schedule, after)


@pytest.mark.parametrize("schedule", CRON)
def test_the_words_for_usual_cron_expressions_are_exact(schedule: str) -> None:
    assert_words_are_exact("cron", schedule, START)


@pytest.mark.parametrize("schedule", [one for one in ONCALENDAR if "Riga" not in one])
def test_the_words_for_usual_oncalendar_expressions_are_exact(schedule: str) -> None:
    assert_words_are_exact("oncalendar", schedule, START)


def _is_valid(schedule: str) -> bool:
    try:
        schedule_kind(schedule)
    except ValueError:
        return False
    return True
