from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping, Signal
from hcserver.domain.runs import RunMatcher, durations
from hcserver.domain.state_machine import record

START = datetime(2025, 6, 1, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
HOUR = 3600.0


def log(*entries: tuple[Signal, float, UUID | None]) -> list[Ping]:
    """Pings (type, seconds since START, run id), numbered from 1, newest first."""
    pings = [
        Ping(
            check=UUID(int=9),
            n=n,
            at=START + timedelta(seconds=seconds),
            type=signal,
            scheme="http",
            remote_addr="",
            rid=rid,
        )
        for n, (signal, seconds, rid) in enumerate(entries, 1)
    ]
    return pings[::-1]


def test_the_duration_is_the_time_from_start_to_end() -> None:
    assert durations(log(("start", 0, None), ("success", 2.896736, None))) == {2: 2.9}
    assert durations(log(("start", 0, None), ("fail", 10, None))) == {2: 10.0}


def test_the_start_of_a_run_is_known_by_the_number_of_its_end() -> None:
    matcher = RunMatcher()
    for ping in log(("start", 0, A), ("start", 1, B), ("success", 2, A), ("fail", 3, None)):
        matcher.add(ping)
    assert matcher.starts == {3: 1}


def test_the_nearest_start_counts() -> None:
    assert durations(log(("start", 0, None), ("start", 5, None), ("success", 6, None))) == {3: 1.0}


def test_an_end_without_a_start_has_no_duration() -> None:
    assert durations(log(("success", 0, None), ("start", 1, None))) == {}


def test_a_start_belongs_to_one_end_only() -> None:
    assert durations(log(("start", 0, None), ("success", 1, None), ("success", 2, None))) == {2: 1.0}


def test_starts_and_ends_match_by_run_id_or_by_having_none() -> None:
    pings = log(
        ("start", 0, A),
        ("start", 1, B),
        ("start", 2, None),
        ("success", 3, A),
        ("fail", 5, None),
        ("success", 7, B),
    )
    assert durations(pings) == {4: 3.0, 5: 3.0, 6: 6.0}


def test_log_and_ign_pings_in_between_have_no_effect() -> None:
    assert durations(log(("start", 0, None), ("log", 1, None), ("ign", 2, None), ("success", 3, None))) == {
        4: 3.0
    }


def test_a_start_more_than_72_hours_back_belongs_to_no_end() -> None:
    assert durations(log(("start", 0, None), ("success", 72 * HOUR, None))) == {2: 72 * HOUR}
    assert durations(log(("start", 0, None), ("success", 72 * HOUR + 0.01, None))) == {}


def test_a_clock_that_went_back_makes_no_negative_duration() -> None:
    assert durations(log(("start", 5, None), ("success", 4, None))) == {2: 0.0}


def test_a_reader_knows_when_it_may_stop_looking_back() -> None:
    matcher = RunMatcher()
    assert not matcher.unresolved
    assert matcher.earliest is None
    success, start = log(("start", 0, A), ("success", 10, A))
    matcher.add(success)
    assert matcher.unresolved
    assert matcher.unresolved_from(success.n)
    assert not matcher.unresolved_from(success.n + 1)
    assert matcher.earliest == success.at - timedelta(hours=72)
    matcher.add(start)
    assert not matcher.unresolved


def test_a_reader_may_stop_72_hours_before_the_last_open_end() -> None:
    matcher = RunMatcher()
    other, newer, older = log(("log", 0, None), ("success", HOUR, A), ("success", 2 * HOUR, B))[::-1]
    for ping in (older, newer):
        matcher.add(ping)
    assert matcher.earliest == newer.at - timedelta(hours=72)
    matcher.add(log(("log", -73 * HOUR, None))[0])
    assert not matcher.unresolved
    assert other.type == "log"


entries = st.lists(
    st.tuples(
        st.sampled_from(["start", "success", "fail", "log", "ign"]),
        st.integers(0, 200).map(float),
        st.sampled_from([None, A, B]),
    ),
    max_size=30,
)


@settings(max_examples=200)
@given(entries, st.sampled_from([1, 2000]))
def test_matching_agrees_with_a_literal_implementation_of_the_rule(
    entries: list[tuple[Signal, float, UUID | None]], scale: int
) -> None:
    ordered = sorted(
        ((signal, seconds * scale, rid) for signal, seconds, rid in entries), key=lambda entry: entry[1]
    )
    pings = log(*ordered)
    expected = {}
    for i, end in enumerate(pings):
        if end.type not in ("success", "fail"):
            continue
        for ping in pings[i + 1 :]:
            if ping.rid == end.rid and ping.type in ("start", "success", "fail"):
                if ping.type == "start" and end.at - ping.at <= timedelta(hours=72):
                    expected[end.n] = (end.at - ping.at).total_seconds()
                break
    assert durations(pings) == expected


@settings(max_examples=300)
@given(entries, st.sampled_from([0, 1, 30]))
def test_the_log_calls_those_runs_too_short_that_the_state_of_the_check_does(
    entries: list[tuple[Signal, float, UUID | None]], least: int
) -> None:
    pings = log(*entries)  # clocks differ: moments are in any order
    check = Check(id=A, project=A, created=START, badge=A, grace=3600, min_runtime=least)
    expected = set()
    for ping in reversed(pings):
        check = record(check, ping.type, ping.at, ping.rid).check
        if ping.type == "success" and check.too_short:
            expected.add(ping.n)
    matcher = RunMatcher(least)
    for ping in pings:
        matcher.add(ping)
    assert matcher.too_short == expected


def test_an_ignored_end_has_the_duration_of_its_run() -> None:
    pings = log(("start", 0, A), ("ign", 5, A), ("success", 9, A))
    assert durations(pings) == {3: 9.0}
    why = Reason(signal="ign", keyword=None, where="exit status")
    pings[1] = replace(pings[1], reason=why)
    assert durations(pings) == {2: 5.0}
