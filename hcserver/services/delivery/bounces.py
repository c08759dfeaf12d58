"""Mail of ours that comes back as undeliverable: if it happens again and again, its channel is disabled.

Whoever has received an alert knows one return address and can forge a report for it. A report therefore
counts once for each message, several messages must come back, and people are notified when a channel is
disabled.
"""

from __future__ import annotations

import logging
import re
from typing import Protocol

from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.domain.clock import Clock
from hcserver.notify.email import Email
from hcserver.notify.registry import masked_error
from hcserver.services.delivery.messages import id_of
from hcserver.services.delivery.return_addresses import GOOD_FOR, ReturnAddress, ReturnAddresses, message_id
from hcserver.storage import Storage
from hcserver.storage.notifications import Settlement

log = logging.getLogger(__name__)

NEEDED = 3  # messages that have come back within GOOD_FOR before their channel is disabled

_LOOKED_THROUGH = 100  # of a channel's last notifications, for the one that has come back
# Possessive and only from the beginning of a word, so that it takes linear time.
_ADDRESS = re.compile(r"(?<![^\s<>()\[\]:;,\"@])[^\s<>()\[\]:;,\"@]++@[A-Za-z0-9.-]++")
_EMAIL = Email()


class Listener(Protocol):
    """Is notified when a channel has been disabled."""

    def channel_disabled(self, channel: Channel) -> None: ...


class Bounces:
    """Reports of undeliverable mail, by the return addresses that they come to."""

    def __init__(
        self, storage: Storage, addresses: ReturnAddresses, listener: Listener, clock: Clock
    ) -> None:
        self._addresses = addresses
        self._storage = storage
        self._listener = listener
        self._clock = clock

    async def start(self) -> None:
        """Raises Unavailable."""
        await self._addresses.start()

    def read(self, address: str) -> ReturnAddress | None:
        """What a return address was made for; None if it is none of ours, or too old."""
        return self._addresses.read(address)

    async def returned(self, address: ReturnAddress, error: str) -> None:
        """Note that a message has come back for good, and disable the channel if it was one too many.

        The channel shows the error to read-only keys, too: addresses in it are masked as targets are. Raises
        Unavailable; then it is to be repeated.
        """
        found = await self._storage.channels.get(address.channel)
        if found is None:
            return
        # The channel's own address in whatever form, then others, to which it may be forwarded.
        error = _ADDRESS.sub(lambda match: _EMAIL.masked(match[0]), masked_error(found, error))
        error = f"mail came back: {error}"
        # Its owner may be changing it at the same time.
        async with self._storage.locks.hold(f"channels:{found.project}", self._clock):
            disabled = await self._count(address, error)
        if disabled is not None:
            self._listener.channel_disabled(disabled)
            await self._storage.news.publish(self._clock(), found.project)

    async def _count(self, address: ReturnAddress, error: str) -> Channel | None:
        """The channel if this has disabled it."""
        channel = await self._storage.channels.get(address.channel)
        if channel is None:
            return None
        bounces, now = self._storage.bounces, self._clock()
        if await bounces.add(channel.id, address.message, now):
            await self._note(address, error)
        if channel.error is None:
            count = await bounces.unused(channel.id, now - GOOD_FOR)
            if count < NEEDED:
                log.warning("channel %s: %s (%d of %d that disable it)", channel.id, error, count, NEEDED)
                return None
            channel = replace(channel, error=error)
            await self._storage.channels.replace(channel)
            log.warning("channel %s is disabled: %s", channel.id, error)
            # Enabled again, it is to begin with none.
            await bounces.use_up(channel.id)
            return channel
        await bounces.use_up(channel.id)
        return None

    async def _note(self, address: ReturnAddress, error: str) -> None:
        """Show it in the channel's log. The message still counts as sent, as the report may be forged:
        otherwise the recovery would not be sent either.
        """
        for notification in await self._storage.notifications.of_channel(address.channel, _LOOKED_THROUGH):
            if message_id(id_of(notification)) == address.message and notification.status == "sent":
                await self._storage.notifications.settle([Settlement(notification, "sent", error)])
