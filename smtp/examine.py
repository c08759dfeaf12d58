"""The verdict on a message: what each of the checks that it is meant for makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason, Rules, classify
from smtp.message import TooCostly, read, read_subject

# As far as a subject is kept; classification goes by all of it.
MAX_SUBJECT = 1000  # characters

# What may be read in the event loop: messages of this size, and of those only what takes this many steps,
# which is 5 ms or so.
INLINE_BYTES = 64 * 1024
INLINE_STEPS = 6000


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """How one check wants a message read."""

    rules: Rules
    subject: bool  # search it
    body: bool


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """The answers, in the order of the questions. `text` only if it was asked for, or the body searched."""

    subject: str
    reasons: list[Reason]
    text: str | None = None
    complete: bool = True  # False: reading took too long, and the reasons are the checks' defaults


def question(check: Check) -> Question:
    """How this check wants its emails read."""
    return Question(rules=check.rules, subject=check.filter_subject, body=check.filter_body)


def examine(raw: bytes, questions: Sequence[Question], max_steps: int | None = None) -> Examination:
    """Read the message once and answer all the questions. Raises TooCostly, given a limit."""
    mail = read(raw, max_steps)
    reasons = _answer(questions, mail.subject, mail.text)
    return Examination(subject=mail.subject[:MAX_SUBJECT], reasons=reasons, text=mail.text)


def examine_inline(raw: bytes, questions: Sequence[Question]) -> Examination | None:
    """The same within some milliseconds, and without `text` where that takes reading more than the header;
    None where it can't be done so fast.
    """
    try:
        if not any(q.body for q in questions):
            subject = read_subject(raw[:INLINE_BYTES], INLINE_STEPS)
            ...
    except TooCostly:
        return None


def give_up(questions: Sequence[Question]) -> Examination:
    """What is left to say of a message that can't be read in time: every check's default."""
    return Examination(subject="", reasons=[_default(q) for q in questions], complete=False)
