"""What the words of a report say about its job: keywords in emails and, on request, in HTTP bodies."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec

Verdict = Literal["start", "success", "fail", "ign"]
Where = Literal["subject", "body", "default", "unfiltered", "endpoint"]

CHUNK = 64 * 1024  # characters that one string operation goes through, so that other threads get their turn


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How a check reads its reports. The lists are comma-separated keywords as people write them."""

    failure: str = ""
    success: str = ""
    start: str = ""
    default: Literal["fail", "ign"] = "ign"  # when no keyword is found
    ignore_case: bool = False
    whole_word: bool = False  # a keyword must not be a part of a longer word


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a report was taken as `signal`: the keyword, as written in the rules, and where it was found.

    Without a keyword `where` is "default" (none was found), "unfiltered" (nothing was to be searched) or
    "endpoint" (none was found, and the address of the HTTP ping says what it means; only then "log" occurs).
    """

    signal: Verdict | Literal["log"]
    keyword: str | None
    where: Where


def classify(rules: Rules, subject: str | None, body: str | None) -> Reason:
    """Search a report for keywords: failure first, then success, then start; what matches first decides.

    None means that this part is not to be searched; with both None everything is a success. Takes time
    linear in the length of the texts.
    """
    if subject is None and body is None:
        return Reason(signal="success", keyword=None, where="unfiltered")
    texts: list[tuple[Where, _Text]] = []
    if subject is not None:
        texts.append(("subject", _Text(subject, rules.ignore_case)))
    if body is not None:
        texts.append(("body", _Text(body, rules.ignore_case)))
    lists: tuple[tuple[Verdict, str], ...] = (
        ("fail", rules.failure),
        ("success", rules.success),
        ("start", rules.start),
    )
    for signal, keywords in lists:
        for keyword in parse_keywords(keywords):
            for where, text in texts:
                if text.contains(keyword, rules.whole_word):
                    return Reason(signal=signal, keyword=keyword, where=where)
    return Reason(signal=rules.default, keyword=None, where="default")


@lru_cache(maxsize=4096)
def parse_keywords(keywords: str) -> tuple[str, ...]:
    """The keywords of a comma-separated list, white space around them stripped, empty ones left out."""
    return tuple(stripped for part in keywords.split(",") if (stripped := part.strip()))


class _Text:
    """A text in the forms in which it is searched, each made once and only when a keyword needs it."""

    def __init__(self, text: str, ignore_case: bool) -> None:
        self._text = _fold(text) if ignore_case else text
        self._ignore_case = ignore_case
        self._collapsed: str | None = None

    def contains(self, keyword: str, whole_word: bool) -> bool:
        needle, spaced = _needle(keyword, self._ignore_case)
        text = self._collapse() if spaced else self._text
        return _has_word(text, needle) if whole_word else needle in text

    def _collapse(self) -> str:
        if self._collapsed is None:
            self._collapsed = _collapse(self._text)
        return self._collapsed


@lru_cache(maxsize=4096)
def _needle(keyword: str, ignore_case: bool) -> tuple[str, bool]:
    """What to search for, and whether that has white space in it, which stands for any run of white space."""
    words = keyword.split()
    needle = " ".join(words)
    return (needle.casefold() if ignore_case else needle), len(words) > 1


def _fold(text: str) -> str:
    return "".join([text[at : at + CHUNK].casefold() for at in range(0, len(text), CHUNK)])


def _collapse(text: str) -> str:
    """The text with every run of white space, line breaks included, replaced by one space."""
    pieces: list[str] = []
    after_space = False
    for at in range(0, len(text), CHUNK):
        chunk = text[at : at + CHUNK]
        words = chunk.split()
        if words and (after_space or chunk[0].isspace()):
            words[0] = " " + words[0]
        pieces.append(" ".join(words))
        after_space = chunk[-1].isspace() if words else True
    return "".join(pieces)


def _has_word(text: str, needle: str) -> bool:
    """Whether `needle` stands in the text with no letter, digit or underscore continuing it at either end."""
    word_first, word_last = _in_word(needle[0]), _in_word(needle[-1])
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        joined_before = word_first and at > 0 and _in_word(text[at - 1])
        joined_behind = word_last and end < len(text) and _in_word(text[end])
        if not (joined_before or joined_behind):
            return True
        at = text.find(needle, at + 1)
    return False


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"
