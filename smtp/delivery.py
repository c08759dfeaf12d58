"""From an accepted message to pings: which checks it is for, what it says, and whether it came before."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Report
from hcserver.errors import Ambiguous, NotFound
from hcserver.mime.bounce import permanent_failure
from hcserver.services.classification.examination import INLINE_BYTES, question
from hcserver.services.classification.pool import Pool
from hcserver.services.delivery.bounces import Bounces
from hcserver.services.delivery.return_addresses import ReturnAddress
from hcserver.services.intake.intake import Intake
from hcserver.services.intake.repetitions import Receipt
from smtp.identity import Identity, identity
from smtp.recipients import ById, Refused, domain_key, parse_recipient

MAX_UA = 200  # characters


Target = Check | ReturnAddress


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it came in; `raw` is byte for byte what the sender meant, without doubled dots."""

    raw: bytes
    sender: str  # of the envelope, "" for the null sender
    remote_addr: str


class Delivery:
    """Turns recipients into checks and messages into pings."""

    def __init__(
        self,
        intake: Intake,
        pool: Pool,
        domains: Collection[str],
        clock: Clock,
        bounces: Bounces | None = None,
    ) -> None:
        self._intake = intake
        self._bounces = bounces
        self._pool = pool
        self._domains = frozenset(map(domain_key, domains))
        self._clock = clock

    async def recipient(self, address: str) -> Target:
        """What mail to this address is for. Raises Refused, Unavailable."""
        if self._bounces is not None and (returned := self._bounces.read(address)) is not None:
            return returned
        recipient = parse_recipient(address, self._domains)
        try:
            if isinstance(recipient, ById):
                return await self._intake.find(recipient.check)
            return await self._intake.find_by_slug(recipient.ping_key, recipient.slug)
        except NotFound:
            raise Refused("550 5.1.1 No such check") from None
        except Ambiguous:
            raise Refused("550 5.1.1 Ambiguous slug: several checks have it, use the UUID") from None

    async def deliver(self, message: Message, targets: Iterable[Target]) -> list[Receipt]:
        """Record a ping for each of the checks; all of them are durable when it returns. A failure report
        that came to a return address is noted for its channel.

        The answer is for `acknowledged`. Raises Unavailable, and then some of the pings may be recorded: a
        sender that sends the same message again makes no second ping of them, if it has a Message-ID. Raises
        NotFound when all of the checks have been deleted meanwhile.
        """
        at = self._clock()
        targets = list(targets)
        await self._take_back(message, [one for one in targets if isinstance(one, ReturnAddress)])
        checks = list({target.id: target for target in targets if isinstance(target, Check)}.values())
        if not checks:
            return []
        examination = await self._pool.examine(message.raw, [question(check) for check in checks])
        known = await _identity(message.raw)
        tokens = [b"" if known is None else known.token(check.id) for check in checks]
        body = message.raw[: self._intake.body_limit]

        def report(check: Check, reason: Reason, token: bytes) -> Report:
            return Report(
                check=check.id,
                at=at,
                signal=reason.signal,
                scheme="email",
                remote_addr=message.remote_addr,
                ua=f"Email from {message.sender or '<>'}"[:MAX_UA],
                body=body or None,
                cut_after=len(message.raw) - len(body),
                subject=examination.subject,
                sender=message.sender,
                reason=reason,
                token=token,
            )

        reports = list(map(report, checks, examination.reasons, tokens))
        await self._intake.record(reports)
        return [Receipt(report.check, report.token) for report in reports if report.token]

    def acknowledged(self, receipts: Iterable[Receipt]) -> None:
        """The sender has heard that these were recorded: from now on the same message is a new report."""
        self._intake.acknowledged(receipts)

    async def _take_back(self, message: Message, returned: Iterable[ReturnAddress]) -> None:
        error = permanent_failure(message.raw)
        if error is not None and self._bounces is not None:
            for target in returned:
                await self._bounces.returned(target, error)


async def _identity(raw: bytes) -> Identity | None:
    """Of large messages in a thread: the hash function releases the interpreter while it works."""
    return identity(raw) if len(raw) <= INLINE_BYTES else await asyncio.to_thread(identity, raw)
