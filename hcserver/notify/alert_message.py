"""A message about an alert, as every kind of channel gets it to send."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping

# "channel-disabled" is about another channel of the project, which stands in the place of a check; its
# `reason` is the channel's error.
MessageEvent = Literal["down", "up", "start-too-long", "paused", "reminder", "test", "channel-disabled"]


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one check, for one channel. `id` is the same on every attempt to send it, so that
    receivers can recognise what they have seen.
    """

    id: UUID
    event: MessageEvent
    check: Check  # with the status that it had when this happened
    project: str  # its name
    happened: datetime  # when the status changed
    since: datetime | None  # when the status that has ended began, if known
    reason: str  # "fail", "too-short", "timeout", ...: see domain.flip.Cause
    took: float | None = None  # seconds, if the reason is "too-short"
    last_ping: Ping | None  # the last one when this happened, with what is kept of its body
    body_preview: str = ""  # the first lines of that body, readable
    base_url: str  # of this server, without a slash at the end
    now: datetime  # when the message was made
    down_above: tuple[Check, ...] = ()  # checks on which it depends and that are down
    dependents: int = 0  # how many checks depend on it
    bounce: str = ""  # address to which undeliverable mail returns; empty: to the sender

    @property
    def up(self) -> bool:
        """Whether it is good news."""
        return self.event == "up"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The receiver has accepted the message. `status` is its own (an HTTP status, an SMTP reply code, an exit
    status), if it has such.
    """

    status: int | None = None
