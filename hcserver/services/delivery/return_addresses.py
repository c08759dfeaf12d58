"""The envelope senders of outgoing mail: an address for each message, to which it returns if undeliverable.

The address names the channel, the message and the last day on which it is good, and is signed, so that
nobody can make one up. The recipient can read it (Return-Path): what comes back to it proves little, see
bounces.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from uuid import UUID

import msgspec

from hcserver.domain.clock import EPOCH, Clock
from hcserver.storage import Storage

# Mail servers give up after four to five days (RFC 5321 section 4.5.4.1).
GOOD_FOR = timedelta(days=7)

_PREFIX = "bounce+"
_MESSAGE_BYTES = 7
_DAY_BYTES = 2
_SIGNATURE_BYTES = 10
_DAY = timedelta(days=1)
# 16 + 7 + 2 + 10 bytes are 56 characters of base32, which survives a change of case; with the prefix 63, and
# a local part may have 64 (RFC 5321 section 4.5.3.1.1).
_LOCAL_PART = re.compile(r"bounce\+([a-z2-7]{56})")


class ReturnAddress(msgspec.Struct, frozen=True):
    """A channel, and what identifies one of the messages that were sent to it."""

    channel: UUID
    message: bytes


class ReturnAddresses:
    """`domain`: the one to which undeliverable mail returns; empty: there are no such addresses."""

    def __init__(self, storage: Storage, domain: str, clock: Clock) -> None:
        self._domain = domain.lower()
        self._storage = storage
        self._clock = clock
        self._secret = b""

    async def start(self) -> None:
        """Raises Unavailable."""
        if self._domain:
            self._secret = await self._storage.secret()

    def make(self, channel: UUID, message: UUID) -> str:
        """The address for a message to the channel; empty without a domain."""
        if not self._domain:
            return ""
        good_until = self._today() + GOOD_FOR // _DAY
        payload = channel.bytes + message_id(message) + good_until.to_bytes(_DAY_BYTES, "big")
        local = base64.b32encode(payload + self._sign(payload)).decode("ascii").lower()
        return f"{_PREFIX}{local}@{self._domain}"

    def read(self, address: str) -> ReturnAddress | None:
        """What the address, in any case, was made for; None if it was not made here or is too old."""
        local, _, domain = address.lower().rpartition("@")
        match = _LOCAL_PART.fullmatch(local)
        if not self._secret or domain != self._domain or match is None:
            return None
        decoded = base64.b32decode(match[1].upper())
        payload, signature = decoded[:-_SIGNATURE_BYTES], decoded[-_SIGNATURE_BYTES:]
        if not hmac.compare_digest(self._sign(payload), signature):
            return None
        if int.from_bytes(payload[-_DAY_BYTES:], "big") < self._today():
            return None
        return ReturnAddress(UUID(bytes=payload[:16]), payload[16:-_DAY_BYTES])

    def _today(self) -> int:
        return (self._clock() - EPOCH) // _DAY

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._secret, b"return address:" + payload, hashlib.sha256)[:_SIGNATURE_BYTES]


def message_id(message: UUID) -> bytes:
    """The part of a message's id that is in its return address."""
    return message.bytes[:_MESSAGE_BYTES]
