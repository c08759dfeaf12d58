"""Reading an email for a check without recording anything."""

from __future__ import annotations

from hcserver.domain.check import Check
from hcserver.services.classification.examination import Examination, Question, examine, question
from hcserver.services.classification.pool import Pool
from hcserver.services.container import Verdict


class DryRun:
    """What the listener would make of a message, for the API."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(self, raw: bytes, check: Check) -> Verdict:
        """Raises Unavailable when too many large messages are being read."""
        asked = question(check)
        return _verdict(asked, await self._pool.examine(raw, [asked], with_text=True))


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
