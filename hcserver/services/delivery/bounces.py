"""Mail of ours that comes back as undeliverable: it disables the channel that it was for.

Outgoing mail has an envelope sender of its own for each channel, signed so that nobody can make one up.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.clock import Clock
from hcserver.notify.email import Email
from hcserver.storage import Storage

log = logging.getLogger(__name__)

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]{1,256}@[A-Za-z0-9.-]{1,256}")
_EMAIL = Email()
_LOCAL_PART = re.compile(r"bounce\+([0-9a-f]{32})\.([0-9a-f]{16})")


class Bounces:
    """`domain`: the one to which bounces come back; empty: none do."""

    def __init__(self, storage: Storage, domain: str, clock: Clock) -> None:
        self.domain = domain.lower()
        self._storage = storage
        self._clock = clock
        self._secret = b""

    async def start(self) -> None:
        """Raises Unavailable."""
        if self.domain:
            self._secret = await self._storage.secret()

    def address(self, channel: UUID) -> str:
        """The address to which the channel's undeliverable mail returns; empty without a domain."""
        return f"bounce+{channel.hex}.{self._sign(channel)}@{self.domain}" if self.domain else ""

    def channel_of(self, address: str) -> UUID | None:
        """The channel whose bounce address this is, in any case."""
        local, _, domain = address.lower().rpartition("@")
        match = _LOCAL_PART.fullmatch(local)
        if not self._secret or domain != self.domain or match is None:
            return None
        channel = UUID(hex=match[1])
        return channel if hmac.compare_digest(self._sign(channel), match[2]) else None

    async def returned(self, channel: UUID, error: str) -> None:
        """Disable the channel, as its mail can't be delivered for good. Raises Unavailable.

        The channel shows the error to read-only keys, too: addresses in it are masked as targets are.
        """
        error = _ADDRESS.sub(lambda match: _EMAIL.masked(match[0]), error)
        found = await self._storage.channels.get(channel)
        if found is None:
            return
        # Its owner may be changing it at the same time.
        async with self._storage.locks.hold(f"channels:{found.project}", self._clock):
            found = await self._storage.channels.get(channel)
            if found is None or found.error is not None:
                return
            log.warning("channel %s is disabled, its mail came back: %s", channel, error)
            await self._storage.channels.replace(replace(found, error=f"mail came back: {error}"))
        await self._storage.news.publish(self._clock(), found.project)

    def _sign(self, channel: UUID) -> str:
        return hmac.digest(self._secret, channel.bytes, hashlib.sha256).hex()[:16]
