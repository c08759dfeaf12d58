"""What the page of a check says first: how it is, since when, who was notified, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from handlers.pages import display
from handlers.pages.check_row import down_since, recovering, why_down
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.notification import Notification
from hcserver.domain.schedule_preview import preview
from hcserver.domain.shown_state import ShownState
from hcserver.domain.status import ShownStatus, counted_until, expected_at
from hcserver.domain.words import rough_duration

RECENT: Final = timedelta(days=7)  # for which a page says who was notified that its check is up again


class Notified(NamedTuple):
    """What became of a notification: the channel's name, a word for the outcome, HTML with details."""

    channel: str
    outcome: str
    detail: str


def status_sentence(check: Check, state: ShownState, now: datetime) -> str:
    """HTML: how the check is, and what comes next."""
    match state:
        case "down":
            since = down_since(check)
            length = "" if since is None else f" for {display.elapsed(since, now)}"
            successes = recovering(check)
            return f"Down{length}: {why_down(check)}." + f" {successes}." * bool(successes)
        case "late":
            return _late(check, now)
        case "running":
            assert check.last_start is not None
            return f"Running for {display.elapsed(check.last_start, now)}."
        case "up":
            expected = expected_at(check)
            if expected is None:
                return "Up. No further run is expected."
            return f"Up. The next ping is expected {display.moment(expected, now)}."
        case "new":
            return "Waiting for the first ping …"
        case "paused":
            return "Paused. Nothing is expected, and nobody is notified."


def check_seen(check: Check, status: ShownStatus) -> str:
    """Identifies what a page shows of the check, as far as pings and time change it."""
    return f"{check.n_pings}-{check.n_flips}-{status}-{check.successes}"


def next_sentence(check: Check, state: ShownState, now: datetime) -> str:
    """HTML: what comes next, where the first sentence does not say it; else empty."""
    if state == "running" and check.alert_after is not None:
        return f"It goes down in {display.remaining(check.alert_after, now)}, unless it ends before."
    if state != "down":
        return ""
    expected = (check.kind, check.timeout, check.schedule, check.tz)
    since = counted_until(check, now)
    following = preview(*expected, now=since, last_ping=check.last_ping, count=1).occurrences
    if not following or following[0].at <= now:
        return ""
    return f"The next ping is expected {display.moment(following[0].at, now)}."


def recovery(check: Check, notifications: Sequence[Notification], now: datetime) -> list[Notification]:
    """What was to be sent when the check came up again, while it is up, for some days; else nothing.

    `notifications` has the newest first.
    """
    if check.status != "up" or check.up_at is None or now - check.up_at > RECENT:
        return []
    latest = notifications[0].n if notifications else 0
    return [
        one
        for one in notifications
        if one.n == latest and one.event == "up" and one.at >= check.up_at and one.status != "skipped"
    ]


def recovery_sentence(recovered: Sequence[Notification]) -> str:
    """HTML: when the check came up again, and after how long, above who was notified of it; else empty."""
    if not recovered:
        return ""
    at, since = recovered[0].at, recovered[0].since
    length = "" if since is None else f", after {rough_duration((at - since).total_seconds())} down"
    return f"It came up again {display.exact(at)}{length}. Notifications:"


def notified(
    notifications: Sequence[Notification], channels: Mapping[UUID, Channel], now: datetime
) -> list[Notified]:
    """What became of the notifications of the latest alert; `notifications` has the newest first."""
    if not notifications:
        return []
    latest = notifications[0].n
    return [_notified(one, channels, now) for one in notifications if one.n == latest]


def is_pending(notifications: Sequence[Notification]) -> bool:
    """Whether one of the latest alert's notifications is still to be sent."""
    return any(one.status == "pending" for one in notifications if one.n == notifications[0].n)


def _late(check: Check, now: datetime) -> str:
    expected = expected_at(check)
    late = "Late" if expected is None else f"Late for {display.elapsed(expected, now)}"
    if check.alert_after is None:
        return f"{late}."
    return f"{late}. It goes down in {display.remaining(check.alert_after, now)}."


def _notified(one: Notification, channels: Mapping[UUID, Channel], now: datetime) -> Notified:
    channel = channels.get(one.channel)
    name = "a deleted channel" if channel is None else channel.name or channel.kind
    last = one.attempts[-1] if one.attempts else None
    if one.status == "sent" and last is not None:
        return Notified(name, "sent", display.exact(last.at))
    if one.status == "pending":
        due = "" if one.due is None else f", {display.moment(one.due, now)}"
        return Notified(name, "waiting", display.text(one.why or "is being sent") + due)
    why = (last.error if last is not None else None) or one.why or ""
    return Notified(name, one.status, display.text(why))
