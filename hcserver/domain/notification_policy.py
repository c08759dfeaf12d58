"""Who is notified of what, and when: events and tags, what holds a message back, what makes it pointless."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final, NamedTuple

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow, covers, open_until
from hcserver.domain.notification import Notification

BAD_NEWS: Final = ("down", "start-too-long", "reminder")
LOOK_BACK: Final = 10  # earlier notifications of a check and channel that matter to the next one
HOLD: Final = timedelta(minutes=2)  # a held notification is looked at again after no more than this

# Events that a channel gets because it has subscribed to another one.
_IMPLIED_BY: Final = {"start-too-long": "down", "reminder": "down"}
_ATTEMPTED: Final = ("sent", "failed")  # a failed one may have arrived all the same


class Reason(NamedTuple):
    """What holds a notification back, and until when at most."""

    until: datetime
    why: str


class Hold(NamedTuple):
    """Why a notification is not to be sent yet, and when to look at it again."""

    why: str
    until: datetime


def wants(channel: Channel, event: str, check: Check) -> bool:
    """Whether the channel is subscribed to such an event of this check."""
    subscribed = event in channel.events or _IMPLIED_BY.get(event) in channel.events
    return subscribed and (not channel.tags or not set(channel.tags.split()).isdisjoint(check.tags.split()))


def reason_to_hold(
    check: Check,
    channel: Channel,
    notification: Notification,
    windows: Iterable[MaintenanceWindow],
    now: datetime,
    dependency: Reason | None = None,
) -> Hold | None:
    """What holds a notification back; None: it may be sent. `dependency`: a reason that another check gives
    (`reason_to_wait_for`).
    """
    if notification.event not in BAD_NEWS:
        return None
    reasons = [] if dependency is None else [dependency]
    if channel.delay and notification.event != "reminder":
        reasons.append(Reason(notification.at + timedelta(seconds=channel.delay), "the channel's delay"))
    if check.snoozed_until is not None:
        reasons.append(Reason(check.snoozed_until, "snoozed"))
    for window in windows:
        if covers(window, check) and (closes := open_until(window, now)) is not None:
            reasons.append(Reason(closes, f"maintenance {window.name}".rstrip()))
    until, why = max(reasons, default=Reason(now, ""))
    if until <= now:
        return None
    # Whatever holds it back may end early, so it is looked at again before.
    return Hold(f"held back: {why}", min(until, now + HOLD))


def reason_to_wait_for(
    other: Check, check: Check, notification: Notification, now: datetime
) -> Reason | None:
    """Why the notification that `check` is down waits for another one, on which it depends; None: it does
    not. To be asked only where the channel is notified of the other one, too.

    It waits while the other one is down, as far as people were alerted of that, and then for the grace time
    of `check`, in which the job can report again.
    """
    name = " ".join((other.name or other.slug).split()) or "a check without a name"
    if other.status == "down" and other.told_at is not None:
        return Reason(now + HOLD, f"it depends on {name}, which is down")
    if other.status == "up" and other.up_at is not None and notification.at < other.up_at:
        until = other.up_at + timedelta(seconds=check.grace)
        if now < until:
            return Reason(until, f"it depends on {name}, which has come up: it has its grace time again")
    return None


def reason_to_skip(
    notification: Notification,
    earlier: Sequence[Notification],
    channel: Channel,
    check: Check,
    *,
    assigned: bool,
) -> str | None:
    """Why a notification need not be sent at all; None: it is to be sent.

    `earlier`: the notifications of the same check and channel that came before it, newest first, those of the
    last LOOK_BACK alerts at least. `assigned`: whether the check has the channel, by itself or by a group.
    """
    if channel.error is not None:
        return f"the channel is disabled: {channel.error}"
    if notification.event == "up":
        return _reason_to_skip_up(notification, earlier)
    if not assigned:
        return "the channel is not assigned to the check any more"
    if why := ended_by_pause(notification, check):
        return why
    still_down = check.status == "down" and (check.down_at is None or check.down_at <= notification.at)
    if notification.held and not still_down:
        return f"over before it was told ({notification.why})"
    return None


def ended_by_pause(notification: Notification, check: Check) -> str | None:
    """Why a failure that came before a pause of the check is not reported; None: it did not."""
    if notification.event in BAD_NEWS and notification.n < check.paused_alert:
        return "the check was paused before it was sent"
    return None


def _reason_to_skip_up(up: Notification, earlier: Sequence[Notification]) -> str | None:
    """A channel that is notified of failures hears only how those end of which it was notified."""
    if not up.after_pause:
        return None if _heard_of_the_failure(up, earlier) else "nobody was told that it was down"
    newest = next((one for one in earlier if one.status in _ATTEMPTED), None)
    if newest is None:
        # Reminders alone, more than are looked at, were skipped: the failure itself may have been sent.
        all_bad = bool(earlier) and all(one.event in BAD_NEWS for one in earlier)
        return None if all_bad and len(earlier) >= LOOK_BACK - 1 else "nobody was told that it was down"
    if newest.event == "up":
        return "nobody was told that it was down"
    if newest.event not in BAD_NEWS:
        return "the channel has heard of the pause since"
    return None


def _heard_of_the_failure(up: Notification, earlier: Sequence[Notification]) -> bool:
    since_the_last_up = list(takewhile(lambda one: one.event != "up", earlier))
    failures = [one for one in since_the_last_up if one.event in BAD_NEWS]
    out_of_sight = len(since_the_last_up) == len(earlier) and up.n > LOOK_BACK
    return not failures or out_of_sight or any(one.status in _ATTEMPTED for one in failures)
