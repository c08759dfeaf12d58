from __future__ import annotations

import pytest

from smtp import limits
from smtp.limits import Patience, RefusalLog


class Seconds:
    """A clock that stands still until it is advanced."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_errors_commands_and_time_without_a_message_are_limited() -> None:
    clock = Seconds()
    patience = Patience(clock)
    for _ in range(limits.MAX_ERRORS):
        patience.error()
    for _ in range(limits.MAX_COMMANDS):
        patience.command()
    clock.now += limits.MAX_TIME
    assert patience.exhausted() is None
    clock.now += 1
    assert patience.exhausted() == limits.TOO_LONG
    patience.command()
    assert patience.exhausted() == limits.TOO_MANY_COMMANDS
    patience.error()
    assert patience.exhausted() == limits.TOO_MANY_ERRORS
    patience.renew()
    assert patience.exhausted() is None


def test_accepted_recipients_do_not_count_as_commands() -> None:
    patience = Patience(Seconds())
    for _ in range(2 * limits.MAX_COMMANDS):
        patience.command()
        patience.recipient()
    assert patience.exhausted() is None


def test_refusals_of_one_peer_are_logged_at_a_bounded_rate(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock = Seconds()
    refusals = RefusalLog(clock)
    for number in range(limits.LOGGED_LINES + 7):
        refusals.add("192.0.2.1", f"{number}@b", "550")
    refusals.add("192.0.2.2", "x@b", "550")
    assert len(caplog.messages) == limits.LOGGED_LINES + 1
    assert caplog.messages[0] == "refused 0@b from 192.0.2.1: 550"
    clock.now += limits.LOGGED_PERIOD
    refusals.add("192.0.2.1", "y@b", "550")
    assert caplog.messages[-2:] == [
        "refused 7 more recipients or logins, not logged singly",
        "refused y@b from 192.0.2.1: 550",
    ]


def test_refusals_of_many_peers_are_limited_in_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    refusals = RefusalLog(Seconds())
    for number in range(limits.LOGGED_TOTAL + 3):
        refusals.add(f"2001:db8::{number}", "x@b", "550")
    assert len(caplog.messages) == limits.LOGGED_TOTAL
    refusals.flush()
    assert caplog.messages[-1] == "refused 3 more recipients or logins, not logged singly"
