"""What is told to whom, and when: events and tags, what holds a message back, what makes it pointless."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow, covers, open_until
from hcserver.domain.notification import Notification

BAD_NEWS: Final = ("down", "start-too-long", "reminder")
LOOK_BACK: Final = 10  # earlier notifications of a check and channel that matter to the next one
HOLD: Final = timedelta(minutes=2)  # after which it is looked at again whether something is to be held back

# What a channel that is subscribed to an event hears of, besides that event itself.
_HEARD_AS: Final = {"start-too-long": "down", "reminder": "down"}


def wants(channel: Channel, event: str, check: Check) -> bool:
    """Whether the channel is to hear of such a thing of this check."""
    subscribed = event in channel.events or _HEARD_AS.get(event) in channel.events
    return subscribed and (not channel.tags or not set(channel.tags.split()).isdisjoint(check.tags.split()))


def reason_to_hold(
    check: Check, channel: Channel, one: Notification, windows: Iterable[MaintenanceWindow], now: datetime
) -> tuple[str | None, datetime | None]:
    """Why, and until when at least, a notification is not to be sent yet; (None, None) if it is."""
    if one.event not in BAD_NEWS:
        return None, None
    held: list[tuple[datetime, str]] = []
    if channel.delay and one.event != "reminder":
        held.append((one.at + timedelta(seconds=channel.delay), "the channel's delay"))
    if check.snoozed_until is not None:
        held.append((check.snoozed_until, "snoozed"))
    for window in windows:
        if covers(window, check) and (closes := open_until(window, now)) is not None:
            held.append((closes, f"maintenance {window.name}".rstrip()))
    until, why = max(held, default=(now, ""))
    # Looked at again before: whatever holds it back may end early.
    return (None, None) if until <= now else (f"held back: {why}", min(until, now + HOLD))


def pointless(
    one: Notification, before: Sequence[Notification], channel: Channel, check: Check
) -> str | None:
    """Why a notification need not be sent at all; `before`: those of the same check and channel that came
    before it, newest first, the last LOOK_BACK at least.
    """
    if channel.error is not None:
        return f"the channel is disabled: {channel.error}"
    if one.event == "up" and not _was_told(one, before):
        return "nobody was told that it was down"
    if one.held and not (check.status == "down" and (check.down_at is None or check.down_at <= one.at)):
        return f"over before it was told ({one.why})"
    return None


def _was_told(up: Notification, before: Sequence[Notification]) -> bool:
    """Whether a channel that hears of failures has heard of the one that has ended now."""
    since_the_last_up = list(takewhile(lambda one: one.event != "up", before))
    downs = [one for one in since_the_last_up if one.event in BAD_NEWS]
    out_of_sight = len(since_the_last_up) == len(before) and up.n > LOOK_BACK
    return not downs or out_of_sight or any(one.status in ("sent", "failed") for one in downs)
