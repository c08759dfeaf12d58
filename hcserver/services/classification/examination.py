"""What a message means to each of the checks that it is addressed to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.keyword_marks import Excerpt, excerpt
from hcserver.domain.keywords import Reason, Rules, classify, needles
from hcserver.mime.message import Mail, read, read_subject
from hcserver.mime.work_limit import TooCostly

# A longer subject is stored only in part; classification searches all of it.
MAX_SUBJECT = 1000  # characters

# What may be read in the event loop: messages of this size, and of those only what takes this many steps
# of about a microsecond.
INLINE_BYTES = 64 * 1024
INLINE_STEPS = 4000

_CHARACTERS_PER_STEP = 500  # in the search for one keyword
_COLLAPSED_PER_STEP = 50  # characters
_NORMALIZED_PER_STEP = 20  # characters beyond ASCII
_MARKED_PER_STEP = 10  # characters


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """How one check wants a message classified."""

    rules: Rules
    subject: bool  # search it
    body: bool


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """The answers, in the order of the questions. Where asked for, `text` is the text that was searched, and
    `excerpt` the part of it or of the subject that decided the first answer.
    """

    subject: str
    reasons: list[Reason]
    text: str | None = None
    excerpt: Excerpt | None = None
    complete: bool = True  # False: the message could not be read in time; see `give_up`


def question(check: Check) -> Question:
    """How this check wants its emails classified."""
    return Question(rules=check.rules, subject=check.filter_subject, body=check.filter_body)


def examine(raw: bytes, questions: Sequence[Question], with_text: bool = False) -> Examination:
    """Read the message once and answer all the questions, however long it takes."""
    mail = read(raw)
    return _answer(questions, mail, with_text)


def examine_inline(raw: bytes, questions: Sequence[Question], with_text: bool = False) -> Examination | None:
    """The same if it takes no more than some milliseconds, else None."""
    try:
        if not with_text and not any(question.body for question in questions):
            mail = _header_alone(raw)
        else:
            mail = read(raw, INLINE_STEPS) if len(raw) <= INLINE_BYTES else None
    except TooCostly:
        return None
    if mail is None or _search_steps(questions, mail) * (2 if with_text else 1) > INLINE_STEPS:
        return None
    return _answer(questions, mail, with_text)


def give_up(raw: bytes, questions: Iterable[Question]) -> Examination:
    """The answers to questions about a message that can't be read in time.

    A failure keyword in the subject decides, since nothing in the body could outweigh it. Everything else
    might be outweighed, so that a check which wants to have searched what could not be read gets its default
    signal with the reason "unread".
    """
    try:
        subject = read_subject(raw, INLINE_BYTES, INLINE_STEPS)
    except TooCostly:
        subject = None
    return Examination(
        subject=(subject or "")[:MAX_SUBJECT],
        reasons=[_unread(question, subject) for question in questions],
        complete=False,
    )


def _unread(question: Question, subject: str | None) -> Reason:
    searched = subject if question.subject else None
    if not question.body and (searched is not None or not question.subject):
        return classify(question.rules, searched, None)
    if searched is not None:
        reason = classify(question.rules, searched, None)
        if reason.signal == "fail" and reason.where == "subject":
            return reason
    return Reason(signal=question.rules.default, keyword=None, where="unread")


def _header_alone(raw: bytes) -> Mail | None:
    subject = read_subject(raw, INLINE_BYTES, INLINE_STEPS)
    return None if subject is None else Mail(subject=subject, text="")


def _answer(questions: Sequence[Question], mail: Mail, with_text: bool) -> Examination:
    known: dict[Question, Reason] = {}
    for question in questions:
        if question not in known:
            searched = mail.subject if question.subject else None, mail.text if question.body else None
            known[question] = classify(question.rules, *searched)
    return Examination(
        subject=mail.subject[:MAX_SUBJECT],
        reasons=[known[question] for question in questions],
        text=mail.text if with_text else None,
        excerpt=_excerpt(questions[0], known[questions[0]], mail) if with_text else None,
    )


def _excerpt(question: Question, reason: Reason, mail: Mail) -> Excerpt:
    """What decided. It takes as long again as the search, at most."""
    return excerpt(question.rules, reason.keyword, mail.subject if reason.where == "subject" else mail.text)


def _search_steps(questions: Iterable[Question], mail: Mail) -> int:
    steps = 0
    for question in set(questions):
        for text in [mail.subject] * question.subject + [mail.text] * question.body:
            steps += _search_steps_of(question.rules, text)
    return steps


def _search_steps_of(rules: Rules, text: str) -> int:
    """How long the search for keywords in a text takes at most, in steps of about a microsecond."""
    wanted = needles(rules)
    length = len(text)
    steps = len(wanted) * (1 + length // _CHARACTERS_PER_STEP)
    if not text.isascii():
        steps += length // _NORMALIZED_PER_STEP
    forms = 1
    if any(needle.spaced for needle in wanted):
        steps += length // _COLLAPSED_PER_STEP
        forms = 2
    if rules.whole_word:
        steps += forms * (length // _MARKED_PER_STEP)
    return steps
