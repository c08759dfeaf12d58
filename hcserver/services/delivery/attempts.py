"""One attempt to send a notification: what was tried, what is noted of it, and when to try again."""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.notification import Attempt, Notification
from hcserver.errors import DeliveryError, Unavailable
from hcserver.notify.alert_message import AlertMessage
from hcserver.notify.registry import masked_error
from hcserver.services.delivery.leases import MARGIN, Leases
from hcserver.services.delivery.messages import Messages
from hcserver.services.delivery.outcomes import Outcomes
from hcserver.services.delivery.transports import Transports
from hcserver.services.events import DeliveryAttempted, EventBus

log = logging.getLogger(__name__)

AT_A_TIME = 256  # attempts of all channels: each may be a connection and a file descriptor
AT_A_TIME_OF_CHANNEL = 4  # attempts of one channel: no receiver is flooded
LONGEST_PAUSE = 1800.0  # seconds between two attempts, unless the receiver asks for more
# Seconds for which a receiver may ask us to wait (Retry-After). Rate limits last seconds to minutes; a wrong
# or hostile answer must not keep an alert back for days.
LONGEST_WAIT_ASKED_FOR = 3600.0
_ERROR_CHARACTERS = 1000  # kept of what went wrong
_ERROR_CHARACTERS_READ = 4000  # a secret at their end is not kept, even if it is cut
_SETTLE_PAUSE = 0.5  # seconds between tries to note an outcome while the database is away


class Outcome(NamedTuple):
    """An attempt, and the failure if it was one."""

    attempt: Attempt
    failure: DeliveryError | None


class Attempts:
    """Makes attempts, at most AT_A_TIME at once. `max_attempts` for one notification.

    While the outcome of an attempt is noted, the next one is made.
    """

    def __init__(
        self,
        outcomes: Outcomes,
        messages: Messages,
        transports: Transports,
        leases: Leases,
        max_attempts: int,
        clock: Clock,
        events: EventBus,
    ) -> None:
        self._outcomes = outcomes
        self._events = events
        self._messages = messages
        self._transports = transports
        self._leases = leases
        self._max_attempts = max_attempts
        self._clock = clock
        self._slots = asyncio.Semaphore(AT_A_TIME)
        # Each is there while an attempt of its channel is made or waits for one.
        self._channel_slots: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()
        self._closed_until: dict[UUID, datetime] = {}  # channels whose receivers have asked us to wait

    async def make(self, notification: Notification, channel: Channel, check: Check) -> None:
        """Try to send a notification and note the outcome. Raises Unavailable."""
        channel_slots = self._channel_slots.setdefault(channel.id, asyncio.Semaphore(AT_A_TIME_OF_CHANNEL))
        async with channel_slots, self._slots:
            if (until := self._closed_until.get(channel.id)) is not None and until > self._clock():
                # It would be refused, and that would use up one of its attempts.
                await self._outcomes.put_off(notification, "the receiver has asked to wait", until)
                return
            if await self._leases.renew(notification) is None:
                return
            message = await self._messages.of_notification(notification, check)
            outcome = await self._try(channel, message)
        await self._note(notification, channel, outcome)

    async def try_once(self, channel: Channel, message: AlertMessage) -> Outcome:
        """Try to send a message that is no notification's."""
        async with self._slots:
            return await self._try(channel, message)

    async def _try(self, channel: Channel, message: AlertMessage) -> Outcome:
        at, began = self._clock(), monotonic()
        status, failure = None, None
        try:
            status = (await self._transports.send(channel, message)).status
        except DeliveryError as error:
            status, failure = error.status, error
        except Exception:  # noqa: BLE001 - it is logged
            # Not log.exception: the exception's text may repeat the target.
            log.error(
                "channel %s (%s): can't send a message about check %s\n%s",
                *(channel.id, channel.kind, message.check.id, masked_error(channel, traceback.format_exc())),
            )
            failure = DeliveryError("internal error, see the server's log", transient=True)
        error_text = None if failure is None else _shown(channel, failure)
        duration = round(monotonic() - began, 3)
        attempt = Attempt(at=at, duration=duration, status=status, error=error_text)
        self._events.publish(DeliveryAttempted(channel.kind, attempt))
        return Outcome(attempt, failure)

    async def _note(self, notification: Notification, channel: Channel, outcome: Outcome) -> None:
        attempt, failure = outcome
        attempts = len(notification.attempts) + 1
        if failure is None:
            await self._surely(self._outcomes.sent, notification, attempt)
        elif failure.transient and attempts < min(
            self._max_attempts, failure.max_attempts or self._max_attempts
        ):
            due = self._clock() + timedelta(seconds=retry_pause(attempts, failure.retry_after))
            if failure.retry_after is not None:
                self._close(channel.id, due)
            await self._outcomes.put_off(notification, "will be tried again", due, attempt)
        else:
            log.warning("channel %s (%s): gave up: %s", channel.id, channel.kind, attempt.error)
            await self._surely(self._outcomes.failed, notification, attempt)

    def _close(self, channel: UUID, until: datetime) -> None:
        now = self._clock()
        self._closed_until = {id: moment for id, moment in self._closed_until.items() if moment > now}
        self._closed_until[channel] = until

    async def _surely(
        self,
        note: Callable[[Notification, Attempt], Awaitable[None]],
        notification: Notification,
        attempt: Attempt,
    ) -> None:
        """Note the outcome before the lease ends, if the database lets us: else the message is sent again."""
        deadline = monotonic() + MARGIN - 1
        while True:
            try:
                return await note(notification, attempt)
            except Unavailable:
                if monotonic() >= deadline:
                    raise
            await asyncio.sleep(_SETTLE_PAUSE)


def _shown(channel: Channel, failure: DeliveryError) -> str:
    return masked_error(channel, str(failure)[:_ERROR_CHARACTERS_READ])[:_ERROR_CHARACTERS]


def retry_pause(attempts: int, retry_after: float | None = None) -> float:
    """Seconds until the next attempt after so many, a little at random, so that crowds spread out.

    `retry_after`: for how many seconds the receiver has asked to wait. It waits no less, up to
    LONGEST_WAIT_ASKED_FOR.
    """
    pause: float = min(2.0 ** (attempts - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)
    return pause if retry_after is None else max(pause, min(retry_after, LONGEST_WAIT_ASKED_FOR))
