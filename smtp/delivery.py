"""From an accepted message to pings: which checks it is for, what it says, and that it is recorded once."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Collection, Iterable
from uuid import UUID

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.ping import Report
from hcserver.errors import Ambiguous, NotFound
from hcserver.mime.bounce import Bounces, Returned, permanent_failure
from hcserver.services.classification.examination import INLINE_BYTES, question
from hcserver.services.classification.pool import Pool
from smtp.intake import Core
from smtp.recipients import ById, Refused, parse_recipient

MAX_UA = 200  # characters

_TOKEN_BYTES = 12

# Where to look for the fields that identify a message.
_IDENTITY_WITHIN = 64 * 1024  # bytes
_HEADER_END = re.compile(rb"\n\r?\n")
_IDENTITY = re.compile(
    rb"^(message-id|date|subject)[ \t]*:((?:[^\n]|\n[ \t])*)", re.IGNORECASE | re.MULTILINE
)


Target = Check | Returned


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it came in; `raw` is byte for byte what the sender meant, without doubled dots."""

    raw: bytes
    sender: str  # of the envelope, "" for the null sender
    remote_addr: str


class Delivery:
    """Turns recipients into checks and messages into pings."""

    def __init__(
        self,
        core: Core,
        pool: Pool,
        domains: Collection[str],
        clock: Clock,
        bounces: Bounces | None = None,
    ) -> None:
        self._core = core
        self._bounces = bounces
        self._pool = pool
        self._domains = frozenset(domain.lower() for domain in domains)
        self._clock = clock

    async def recipient(self, address: str) -> Target:
        """What mail to this address is for. Raises Refused, Unavailable."""
        if self._bounces is not None and (channel := self._bounces.channel_of(address)) is not None:
            return Returned(channel)
        recipient = parse_recipient(address, self._domains)
        try:
            if isinstance(recipient, ById):
                return await self._core.find(recipient.check)
            return await self._core.find_by_slug(recipient.ping_key, recipient.slug)
        except NotFound:
            raise Refused("550 5.1.1 No such check") from None
        except Ambiguous:
            raise Refused("550 5.1.1 Ambiguous slug: several checks have it, use the UUID") from None

    async def deliver(self, message: Message, targets: Iterable[Target]) -> None:
        """Record a ping for each of the checks; all of them are durable when it returns. What has come back
        to a channel's return address is looked at, too.

        Raises Unavailable, and then some of them may be recorded: a sender that comes back with the same
        message makes no second ping, provided that it has a Message-ID. Raises NotFound when the checks have
        been deleted meanwhile.
        """
        at = self._clock()
        targets = list(targets)
        await self._take_back(message, [target for target in targets if isinstance(target, Returned)])
        checks = list({target.id: target for target in targets if isinstance(target, Check)}.values())
        if not checks:
            return
        examination = await self._pool.examine(message.raw, [question(check) for check in checks])
        digest = await _fingerprint(message.raw)
        body = message.raw[: self._core.body_limit] or None
        await self._core.record(
            [
                Report(
                    check=check.id,
                    at=at,
                    signal=reason.signal,
                    scheme="email",
                    remote_addr=message.remote_addr,
                    ua=f"Email from {message.sender or '<>'}"[:MAX_UA],
                    body=body,
                    subject=examination.subject,
                    sender=message.sender,
                    reason=reason,
                    token=_token(check.id, digest),
                )
                for check, reason in zip(checks, examination.reasons, strict=True)
            ]
        )

    async def _take_back(self, message: Message, returned: Iterable[Returned]) -> None:
        error = permanent_failure(message.raw)
        if error is not None and self._bounces is not None:
            for target in returned:
                await self._bounces.returned(target.channel, error)


def fingerprint(raw: bytes) -> bytes | None:
    """What a message has in common with every later attempt at sending it, None if it has no Message-ID.

    Message-ID, Date, Subject and body; not the other fields, as relays add some on the way (Received).
    """
    head = b"\n" + raw[:_IDENTITY_WITHIN]
    end = _HEADER_END.search(head)
    fields: dict[bytes, bytes] = {}
    for field in _IDENTITY.finditer(head, 0, end.start() + 1 if end else len(head)):
        fields.setdefault(field[1].lower(), field[2].strip())
    if not fields.get(b"message-id"):
        return None
    digest = hashlib.blake2b(digest_size=32)
    for part in (fields.get(name, b"") for name in (b"message-id", b"date", b"subject")):
        digest.update(len(part).to_bytes(4, "big") + part)
    digest.update(memoryview(raw)[end.end() - 1 if end else len(head) - 1 :])
    return digest.digest()


async def _fingerprint(raw: bytes) -> bytes | None:
    """Large messages in a thread: the hash function leaves the interpreter to others meanwhile."""
    return fingerprint(raw) if len(raw) <= INLINE_BYTES else await asyncio.to_thread(fingerprint, raw)


def _token(check: UUID, digest: bytes | None) -> bytes:
    if digest is None:
        return b""
    return hashlib.blake2b(check.bytes + digest, digest_size=_TOKEN_BYTES).digest()
