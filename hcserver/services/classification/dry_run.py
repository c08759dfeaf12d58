"""Reading an email for a check without recording anything."""

from __future__ import annotations

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason
from hcserver.services.classification.examination import Examination, Question, examine, question
from hcserver.services.classification.pool import Pool


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a check would make of an email: why, and what was searched for keywords (None: not searched)."""

    reason: Reason
    subject: str | None
    text: str | None
    complete: bool  # False: reading it took too long, so that it counts as having no keywords


class DryRun:
    """What the SMTP listener would make of a message, for the API."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def classify(self, raw: bytes, check: Check) -> Verdict:
        """Raises Unavailable when too many large messages are being read."""
        asked = question(check)
        return _verdict(asked, await self.pool.examine(raw, [asked], with_text=True))


def dry_run(raw: bytes, check: Check) -> Verdict:
    """The same on the spot, however long it takes."""
    asked = question(check)
    return _verdict(asked, examine(raw, [asked], with_text=True))


def _verdict(asked: Question, examination: Examination) -> Verdict:
    return Verdict(
        reason=examination.reasons[0],
        subject=examination.subject if asked.subject else None,
        text=examination.text if asked.body else None,
        complete=examination.complete,
    )
