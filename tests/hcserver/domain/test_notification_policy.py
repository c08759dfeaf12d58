from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.notification import Notification
from hcserver.domain.notification_policy import (
    HOLD,
    LOOK_BACK,
    Reason,
    ended_by_pause,
    reason_to_hold,
    reason_to_skip,
    reason_to_wait_for,
    wants,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A = UUID(int=1)
MINUTE = timedelta(minutes=1)
UNHEARD = "nobody was told that it was down"


def make_check(**fields: Any) -> Check:
    return Check(
        **{"id": A, "project": A, "created": NOW, "badge": A, "status": "down", "tags": "db", **fields}
    )


def make_channel(**fields: Any) -> Channel:
    return Channel(**{"id": A, "project": A, "created": NOW, "kind": "email", "target": "x", **fields})


def make(event: str, n: int = 1, **fields: Any) -> Notification:
    known = {"check": A, "n": n, "channel": A, "project": A, "event": event, "reason": "fail", "at": NOW}
    return Notification(**{**known, **fields})


def earlier(*events: str, status: str = "sent") -> list[Notification]:
    """Newest first, given in the order in which they happened."""
    return [make(event, n, status=status) for n, event in enumerate(events, 1)][::-1]


def skipped(
    one: Notification, before: list[Notification] | None = None, assigned: bool = True, **check: Any
) -> str | None:
    return reason_to_skip(one, before or [], make_channel(), make_check(**check), assigned=assigned)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        (("down", "up"), {"down", "start-too-long", "reminder", "up"}),
        (("start-too-long",), {"start-too-long"}),
        (("up", "paused"), {"up", "paused"}),
        ((), set()),
    ],
)
def test_a_channel_gets_its_events_and_those_that_belong_to_them(
    events: tuple[str, ...], wanted: set[str]
) -> None:
    channel = make_channel(events=events)
    all_events = ("down", "up", "start-too-long", "paused", "reminder")
    assert {event for event in all_events if wants(channel, event, make_check())} == wanted


@pytest.mark.parametrize(("tags", "wanted"), [("", True), ("db", True), ("web db", True), ("d", False)])
def test_a_channel_with_tags_is_for_checks_with_one_of_them(tags: str, wanted: bool) -> None:
    assert wants(make_channel(tags=tags), "down", make_check()) is wanted


def test_the_longest_reason_holds_and_is_looked_at_again_before_its_end() -> None:
    window = MaintenanceWindow(
        id=A, project=A, created=NOW, name="move", start=NOW - MINUTE, end=NOW + timedelta(hours=1)
    )
    check = make_check(snoozed_until=NOW + 30 * MINUTE)
    hold = reason_to_hold(check, make_channel(delay=60), make("down"), [window], NOW)
    assert hold == ("held back: maintenance move", NOW + HOLD)
    hold = reason_to_hold(check, make_channel(delay=60), make("down"), [], NOW)
    assert hold == ("held back: snoozed", NOW + HOLD)
    hold = reason_to_hold(make_check(), make_channel(delay=60), make("down"), [], NOW)
    assert hold == ("held back: the channel's delay", NOW + MINUTE)


def test_good_news_is_never_held_back_and_nothing_is_when_its_reason_is_over() -> None:
    check = make_check(snoozed_until=NOW + MINUTE)
    assert reason_to_hold(check, make_channel(), make("up"), [], NOW) is None
    assert reason_to_hold(check, make_channel(), make("down"), [], NOW + MINUTE) is None
    assert reason_to_hold(make_check(), make_channel(delay=60), make("reminder"), [], NOW) is None


def test_a_failure_is_sent_unless_there_is_a_reason_against_it() -> None:
    assert skipped(make("down")) is None
    assert skipped(make("down"), status="up") is None  # late, but in order: the recovery follows
    assert skipped(make("down"), assigned=False) == "the channel is not assigned to the check any more"
    assert skipped(make("down", held=True, why="snoozed"), status="up") == "over before it was told (snoozed)"
    disabled = make_channel(error="off")
    assert reason_to_skip(make("down"), [], disabled, make_check(), assigned=True) == (
        "the channel is disabled: off"
    )


@pytest.mark.parametrize("event", ["down", "start-too-long", "reminder"])
def test_a_failure_before_a_pause_is_not_sent(event: str) -> None:
    assert ended_by_pause(make(event, 3), make_check(paused_alert=4)) is not None
    assert skipped(make(event, 3), paused_alert=4) == "the check was paused before it was sent"
    assert skipped(make(event, 5), paused_alert=4) is None


@pytest.mark.parametrize("event", ["up", "paused"])
def test_what_is_no_failure_is_sent_whatever_pause_came_after_it(event: str) -> None:
    assert ended_by_pause(make(event, 3), make_check(paused_alert=4)) is None


@pytest.mark.parametrize(
    ("before", "status", "expected"),
    [
        (("down",), "sent", None),
        (("down",), "failed", None),
        (("down",), "skipped", UNHEARD),
        (("down", "reminder"), "sent", None),
        ((), "sent", None),  # it is subscribed to recoveries only
        (("down", "up"), "sent", None),
    ],
)
def test_a_recovery_is_sent_to_who_heard_of_the_failure(
    before: tuple[str, ...], status: str, expected: str | None
) -> None:
    one = make("up", len(before) + 1)
    assert skipped(one, earlier(*before, status=status)) == expected
    assert skipped(one, earlier(*before, status=status), assigned=False) == expected


def test_a_failure_that_is_too_long_ago_to_be_seen_counts_as_heard() -> None:
    assert skipped(make("up", 20), earlier(*["reminder"] * LOOK_BACK, status="skipped")) is None


@pytest.mark.parametrize(
    ("before", "status", "expected"),
    [
        (("down",), "sent", None),
        (("down", "reminder"), "failed", None),
        (("down",), "skipped", UNHEARD),
        ((), "sent", UNHEARD),
        (("up",), "sent", UNHEARD),
        (("down", "paused"), "sent", "the channel has heard of the pause since"),
    ],
)
def test_a_recovery_after_a_pause_is_sent_to_who_heard_of_the_failure_last(
    before: tuple[str, ...], status: str, expected: str | None
) -> None:
    one = make("up", len(before) + 2, after_pause=True)
    assert skipped(one, earlier(*before, status=status), paused_alert=len(before) + 1) == expected


def test_a_recovery_after_a_pause_is_sent_where_skipped_reminders_hide_the_failure() -> None:
    reminders = earlier(*["reminder"] * (LOOK_BACK - 1), status="skipped")
    assert skipped(make("up", 20, after_pause=True), reminders) is None


def other(**fields: Any) -> Check:
    return make_check(**{"id": UUID(int=2), "name": "nas", "told_at": NOW, **fields})


def waits(one: Check, at: timedelta = MINUTE, failed: timedelta = timedelta()) -> Reason | None:
    return reason_to_wait_for(one, make_check(grace=600), make("down", at=NOW + failed), NOW + at)


def test_a_notification_waits_while_a_check_is_down_of_which_people_were_alerted() -> None:
    assert waits(other()) == (NOW + MINUTE + HOLD, "it depends on nas, which is down")
    assert waits(other(name="", slug="nas")) == waits(other(name=" nas\n")) == waits(other())
    assert waits(other(told_at=None)) is None  # the first of several failures that it takes
    assert waits(other(status="paused", told_at=None)) is None


def test_it_waits_for_the_grace_time_when_the_other_check_has_come_up_since() -> None:
    up = other(status="up", told_at=None, up_at=NOW + MINUTE)
    why = "it depends on nas, which has come up: it has its grace time again"
    assert waits(up) == (NOW + 11 * MINUTE, why)
    assert waits(up, at=11 * MINUTE) is None
    assert waits(up, failed=MINUTE) is None
    assert waits(other(status="up", told_at=None, up_at=None)) is None


def test_a_dependency_is_a_reason_like_others() -> None:
    dependency = Reason(NOW + HOLD, "it depends on nas, which is down")
    hold = reason_to_hold(make_check(), make_channel(delay=60), make("down"), [], NOW, dependency)
    assert hold == ("held back: it depends on nas, which is down", NOW + HOLD)
    assert reason_to_hold(make_check(), make_channel(), make("up"), [], NOW, dependency) is None
