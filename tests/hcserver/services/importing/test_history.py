from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.domain.ping import Signal
from hcserver.domain.state_machine import record
from hcserver.services.importing.history import (
    History,
    Limits,
    SourceFlip,
    SourcePing,
    flips_of,
    pings_of,
    with_history,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=1)
ID = uuid4()
LIMITS = Limits(pings=100, http_body=10, email_body=20, http_part="start")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def ping(minutes: float, type: Signal = "success", **more: Any) -> SourcePing:
    return SourcePing(at=at(minutes), type=type, **more)


def grown(history: History, **settings: Any) -> Check:
    check = Check(id=ID, project=uuid4(), created=NOW, badge=uuid4(), **settings)
    return with_history(check, history, pings_of(history, ID, LIMITS), flips_of(history, ID), NOW)


def test_pings_are_numbered_without_gaps_up_to_the_last_of_all() -> None:
    history = History(
        created=START, status="up", n_pings=50, pings=(ping(1, "start"), ping(2), ping(3, "log"))
    )
    assert [(one.n, one.type, one.at) for one in pings_of(history, ID, LIMITS)] == [
        (48, "start", at(1)),
        (49, "success", at(2)),
        (50, "log", at(3)),
    ]
    assert [one.n for one in pings_of(history, ID, LIMITS._replace(pings=2))] == [49, 50]
    assert pings_of(history, ID, LIMITS._replace(pings=0)) == []


def test_a_log_that_is_longer_than_the_count_is_counted_itself() -> None:
    history = History(created=START, status="up", n_pings=1, pings=(ping(1), ping(2)))
    assert [one.n for one in pings_of(history, ID, LIMITS)] == [1, 2]
    assert grown(history).n_pings == 2


def test_bodies_are_cut_as_those_of_new_pings_are() -> None:
    bodies = (b"x" * 30, b"x" * 30, b"", None)
    pings = tuple(ping(n, body=body, scheme="email" if n == 1 else "https") for n, body in enumerate(bodies))
    made = pings_of(History(created=START, status="up", pings=pings), ID, LIMITS)
    assert [one.body and len(one.body) for one in made] == [10, 20, None, None]
    assert [one.body_size for one in made] == [10, 20, 0, 0]
    assert [one.cut_after for one in made] == [20, 10, 0, 0]


def test_the_end_of_a_body_is_kept_if_so_set_but_the_start_of_an_email() -> None:
    pings = (ping(1, body=b"x" * 20 + b"the  end"), ping(2, body=b"x" * 30, scheme="email"), ping(3))
    history = History(created=START, status="up", pings=pings)
    http, email, none = pings_of(history, ID, LIMITS._replace(http_part="end"))
    assert (http.body, http.body_size, http.cut_before, http.cut_after) == (b"xxthe  end", 10, 18, 0)
    assert (email.body, email.cut_before, email.cut_after) == (b"x" * 20, 0, 10)
    assert (none.body, none.cut_before) == (None, 0)


def test_what_a_ping_says_stays() -> None:
    rid = uuid4()
    one = ping(1, "fail", rid=rid, exit_status=3, remote_addr="::1", method="POST", ua="curl", scheme="https")
    (made,) = pings_of(History(created=START, status="down", pings=(one,)), ID, LIMITS)
    assert (made.check, made.rid, made.exit_status, made.remote_addr) == (ID, rid, 3, "::1")
    assert (made.method, made.ua, made.scheme) == ("POST", "curl", "https")


def test_flips_are_numbered_ordered_and_have_their_causes() -> None:
    flips = (
        SourceFlip(at(1), "new", "up"),
        SourceFlip(at(9), "up", "down"),
        SourceFlip(at(8), "down", "up"),  # clocks that differ
        SourceFlip(at(10), "up", "up"),
        SourceFlip(at(20), "up", "down"),
        SourceFlip(at(30), "down", "paused"),
        SourceFlip(at(40), "paused", "new"),
    )
    history = History(created=START, status="new", pings=(ping(9, "fail"),), flips=flips)
    assert [(one.n, one.at, one.new, one.reason) for one in flips_of(history, ID)] == [
        (1, at(1), "up", "ping"),
        (2, at(9), "down", "fail"),
        (3, at(9), "up", "ping"),
        (4, at(20), "down", "timeout"),
        (5, at(30), "paused", "pause"),
        (6, at(40), "new", "resume"),
    ]


def test_a_check_that_is_up_goes_on_as_if_it_had_been_here() -> None:
    history = History(
        created=START,
        status="up",
        n_pings=7,
        last_ping=at(1430),
        last_duration=2.5,
        pings=(ping(1420, "fail", exit_status=3), ping(1430)),
        flips=(SourceFlip(at(1420), "up", "down"), SourceFlip(at(1430), "down", "up")),
    )
    check = grown(history, timeout=3600, grace=60)
    assert (check.created, check.status, check.n_pings, check.log_from) == (START, "up", 7, 6)
    assert (check.n_flips, check.flipped_at, check.up_at) == (2, at(1430), at(1430))
    assert (check.last_ping, check.last_duration, check.last_exit_status) == (at(1430), 2.5, 3)
    assert check.recent_runs == "fs"
    assert check.alert_after == at(1430) + timedelta(seconds=3660)
    step = record(check, "fail", NOW)
    assert step.flip is not None
    assert (step.check.n_pings, step.flip.n, step.check.recent_runs) == (8, 3, "fsf")


def test_a_check_that_would_be_late_by_now_gets_its_grace_time_again() -> None:
    history = History(created=START, status="up", n_pings=1, last_ping=at(1), pings=(ping(1),))
    assert grown(history, timeout=60, grace=120).alert_after == NOW + timedelta(seconds=120)


def test_a_run_that_is_under_way_is_remembered() -> None:
    rid = uuid4()
    history = History(
        created=START, status="up", last_ping=at(1), last_start=at(1439), last_start_rid=rid, n_pings=2
    )
    check = grown(history, grace=3600)
    assert (check.last_start, check.last_start_rid) == (at(1439), rid)
    assert check.alert_after == at(1439 + 60)


def test_people_hear_when_a_check_that_was_down_is_up_again() -> None:
    history = History(
        created=START,
        status="down",
        n_pings=1,
        last_ping=at(1),
        pings=(ping(1),),
        flips=(SourceFlip(at(1), "new", "up"), SourceFlip(at(61), "up", "down")),
    )
    check = grown(history, failures_before_alert=3)
    assert (check.down_at, check.recent_runs) == (at(61), "sm")
    assert check.due is None
    step = record(check, "success", NOW)
    assert step.alert is not None
    assert (step.alert.event, step.alert.since) == ("up", at(61))


@pytest.mark.parametrize("status", ["new", "paused"])
def test_a_check_that_is_new_or_paused_waits_for_its_next_ping(status: Any) -> None:
    check = grown(History(created=START, status=status, n_pings=3))
    assert (check.status, check.due, check.n_pings, check.log_from) == (status, None, 3, 4)
    step = record(check, "success", NOW)
    assert (step.check.status, step.check.n_pings) == ("up", 4)


def test_an_up_check_without_any_moment_counts_from_its_creation() -> None:
    check = grown(History(created=at(1439), status="up", n_pings=1))
    assert (check.last_ping, check.up_at) == (at(1439), at(1439))
    assert check.alert_after is not None
