"""What the words of a report say about its job: keywords in emails and, on request, in HTTP bodies."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

import msgspec

KeywordSignal = Literal["start", "success", "fail", "ign"]
Where = Literal["subject", "body", "default", "unfiltered", "unread", "endpoint", "exit status"]

# They may stand anywhere within a word and are not seen: soft hyphen, zero-width space, non-joiner and
# joiner, word joiner, zero-width no-break space.
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"

# Normalization sorts runs of combining characters in quadratic time. Pieces bound that; they end where an
# ASCII character follows, which never combines with what is before it, or else after 64 characters.
_PIECE = re.compile(r".{1,64}(?![^\0-\x7f])|.{1,64}", re.DOTALL)

_WORD_OR_GAP = re.compile(r"\w+|\W+")
BOUNDARY = "\0"  # stands where a word begins or ends
_MARK_AT_ONCE = 64 * 1024  # characters


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

    Without a keyword `where` is "default" (none was found), "unfiltered" (nothing was to be searched),
    "unread" (the report could not be read in time), "endpoint" (none was found, and the address of the HTTP
    ping says what it means; only then `signal` can be "log") or "exit status" (the check ignores that).
    """

    signal: KeywordSignal | Literal["log"]
    keyword: str | None
    where: Where


class Needle(msgspec.Struct, frozen=True, kw_only=True):
    """A keyword in the form in which it is searched for."""

    signal: KeywordSignal
    keyword: str  # as written
    text: str  # brought into the same form as the texts
    marked: str | None  # as it stands in a marked text, if it must be a whole word
    spaced: bool  # it contains white space, which stands for any run of white space


def classify(rules: Rules, subject: str | None, body: str | None) -> Reason:
    """Search a report for keywords: failure first, then success, then start; what matches first decides.

    None means that this part is not to be searched; with both None everything is a success. Takes time
    linear in the length of the texts for given rules.
    """
    if subject is None and body is None:
        return Reason(signal="success", keyword=None, where="unfiltered")
    texts: list[tuple[Where, _Text]] = []
    if subject is not None:
        texts.append(("subject", _Text(subject, rules.ignore_case)))
    if body is not None:
        texts.append(("body", _Text(body, rules.ignore_case)))
    for needle in needles(rules):
        for where, text in texts:
            if text.contains(needle):
                return Reason(signal=needle.signal, keyword=needle.keyword, where=where)
    return Reason(signal=rules.default, keyword=None, where="default")


def parse_keywords(keywords: str) -> tuple[str, ...]:
    """The keywords of a comma-separated list, white space around them stripped, empty ones left out."""
    return tuple(stripped for part in keywords.split(",") if (stripped := part.strip()))


@lru_cache(maxsize=4096)
def needles(rules: Rules) -> tuple[Needle, ...]:
    """What to search for, in this order. Keywords that mean the same as one before them are left out."""
    lists: tuple[tuple[KeywordSignal, str], ...] = (
        ("fail", rules.failure),
        ("success", rules.success),
        ("start", rules.start),
    )
    found: dict[str, Needle] = {}
    for signal, keywords in lists:
        for keyword in parse_keywords(keywords):
            words = normalized(keyword, rules.ignore_case).split()
            text = " ".join(words)
            if text and text not in found:
                found[text] = Needle(
                    signal=signal,
                    keyword=keyword,
                    text=text,
                    marked=with_boundaries(text) if rules.whole_word else None,
                    spaced=len(words) > 1,
                )
    return tuple(found.values())


class _Text:
    """A text in the forms in which it is searched, each made once and only when a keyword needs it."""

    def __init__(self, text: str, ignore_case: bool) -> None:
        self._plain = normalized(text, ignore_case)
        self._collapsed: str | None = None
        self._marked: dict[bool, str] = {}  # by whether white space is collapsed

    def contains(self, needle: Needle) -> bool:
        text = self._collapse() if needle.spaced else self._plain
        if needle.text not in text:
            return False
        if needle.marked is None:
            return True
        if needle.spaced not in self._marked:
            self._marked[needle.spaced] = with_boundaries(text)
        return needle.marked in self._marked[needle.spaced]

    def _collapse(self) -> str:
        """The text with every run of white space, line breaks included, replaced by one space."""
        if self._collapsed is None:
            self._collapsed = " ".join(self._plain.split())
        return self._collapsed


def normalized(text: str, ignore_case: bool) -> str:
    """Canonically composed (Unicode Standard Annex 15, NFC), without invisible characters."""
    if not text.isascii():
        for char in _INVISIBLE:
            text = text.replace(char, "")
        text = "".join([normalize("NFC", piece) for piece in _PIECE.findall(text)])
    return text.casefold() if ignore_case else text


def with_boundaries(text: str) -> str:
    """The text with a mark wherever a word, a run of letters, digits and underscores, begins or ends.

    A marked keyword is found in a marked text only where words begin and end in both.
    """
    pieces: list[str] = []
    in_word = False
    for at in range(0, len(text), _MARK_AT_ONCE):
        runs = _WORD_OR_GAP.findall(text[at : at + _MARK_AT_ONCE])
        if _is_word(runs[0][0]) != in_word:
            pieces.append(BOUNDARY)
        pieces.append(BOUNDARY.join(runs))
        in_word = _is_word(runs[-1][-1])
    if in_word:
        pieces.append(BOUNDARY)
    return "".join(pieces)


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
