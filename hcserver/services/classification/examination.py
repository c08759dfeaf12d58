"""The verdict on a message: what each of the checks that it is meant for makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason, Rules, classify, parse_keywords
from hcserver.mime.message import Mail, read, read_subject
from hcserver.mime.work_limit import TooCostly

# As far as a subject is kept; classification goes by all of it.
MAX_SUBJECT = 1000  # characters

# What may be read in the event loop: messages of this size, and of those only what takes this many steps
# of about a microsecond.
INLINE_BYTES = 64 * 1024
INLINE_STEPS = 4000

_CHARACTERS_PER_STEP = 1000  # in the search for one keyword
_PREPARED_PER_STEP = 100  # characters, where case or white space make no difference: once for each question
_WORDS_PER_STEP = 4  # occurrences looked at, where only whole words count


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """How one check wants a message read."""

    rules: Rules
    subject: bool  # search it
    body: bool


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """The answers, in the order of the questions; `text` is what was there to search, where asked for."""

    subject: str
    reasons: list[Reason]
    text: str | None = None
    complete: bool = True  # False: reading took too long, and the reasons are those of the subject alone


def question(check: Check) -> Question:
    """How this check wants its emails read."""
    return Question(rules=check.rules, subject=check.filter_subject, body=check.filter_body)


def examine(raw: bytes, questions: Sequence[Question], with_text: bool = False) -> Examination:
    """Read the message once and answer all the questions, however long it takes."""
    mail = read(raw)
    return _answer(questions, mail.subject, mail.text, with_text)


def examine_inline(raw: bytes, questions: Sequence[Question], with_text: bool = False) -> Examination | None:
    """The same if it takes no more than some milliseconds, else None."""
    try:
        if not with_text and not any(question.body for question in questions):
            mail = _header_alone(raw)
        else:
            mail = read(raw, INLINE_STEPS) if len(raw) <= INLINE_BYTES else None
    except TooCostly:
        return None
    if mail is None or _search_steps(questions, mail) > INLINE_STEPS:
        return None
    return _answer(questions, mail.subject, mail.text, with_text)


def give_up(raw: bytes, questions: Iterable[Question]) -> Examination:
    """What can be said of a message that can't be read in time: what its subject says, else the default."""
    try:
        subject = read_subject(raw, INLINE_BYTES, INLINE_STEPS) or ""
    except TooCostly:
        subject = ""
    reasons = [
        classify(one.rules, subject if one.subject else None, "" if one.body else None) for one in questions
    ]
    return Examination(subject=subject[:MAX_SUBJECT], reasons=reasons, complete=False)


def _header_alone(raw: bytes) -> Mail | None:
    subject = read_subject(raw, INLINE_BYTES, INLINE_STEPS)
    return None if subject is None else Mail(subject=subject, text="")


def _answer(questions: Sequence[Question], subject: str, text: str, with_text: bool) -> Examination:
    known: dict[Question, Reason] = {}
    for question in questions:
        if question not in known:
            searched = subject if question.subject else None, text if question.body else None
            known[question] = classify(question.rules, *searched)
    return Examination(
        subject=subject[:MAX_SUBJECT],
        reasons=[known[question] for question in questions],
        text=text if with_text else None,
    )


def _is_prepared(rules: Rules) -> bool:
    """Whether texts are brought into another form for the search."""
    keywords = parse_keywords(f"{rules.failure},{rules.success},{rules.start}")
    return rules.ignore_case or any(len(keyword.split()) > 1 for keyword in keywords)


def _search_steps(questions: Iterable[Question], mail: Mail) -> int:
    steps = 0
    for question in set(questions):
        searched = [mail.subject] * question.subject + [mail.text] * question.body
        rules = question.rules
        steps += sum(map(len, searched)) // _PREPARED_PER_STEP if _is_prepared(rules) else 0
        for keyword in parse_keywords(f"{rules.failure},{rules.success},{rules.start}"):
            for text in searched:
                steps += 1 + len(text) // _CHARACTERS_PER_STEP
                if rules.whole_word:
                    steps += text.count(keyword[0]) // _WORDS_PER_STEP
    return steps
