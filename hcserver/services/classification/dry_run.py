"""Classifying an email for a check without recording anything."""

from __future__ import annotations

import asyncio

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.keyword_marks import Excerpt
from hcserver.domain.keywords import Reason
from hcserver.services.classification.examination import Examination, Question, examine, question
from hcserver.services.classification.pool import Pool


class DryRunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an email would mean to a check, and what was searched for keywords (None: not searched).

    `excerpt` is where the keyword stands that decided, or the beginning of the text; None: it could not be
    read.
    """

    reason: Reason
    subject: str | None
    text: str | None
    excerpt: Excerpt | None
    complete: bool  # False: it could not be read in time


class DryRun:
    """Classifies an email as the SMTP listener would, for the API and the pages.

    Who classifies many of them holds `series` meanwhile, so that emails that arrive find a free worker.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.series = asyncio.Lock()

    async def classify(self, raw: bytes, check: Check) -> DryRunResult:
        """Raises Unavailable when too many large messages are being read."""
        asked = question(check)
        return _result(asked, await self.pool.examine(raw, [asked], with_text=True))


def dry_run(raw: bytes, check: Check) -> DryRunResult:
    """The same in this process and thread, however long it takes."""
    asked = question(check)
    return _result(asked, examine(raw, [asked], with_text=True))


def _result(asked: Question, examination: Examination) -> DryRunResult:
    return DryRunResult(
        reason=examination.reasons[0],
        subject=examination.subject if asked.subject else None,
        text=examination.text if asked.body else None,
        excerpt=examination.excerpt,
        complete=examination.complete,
    )
