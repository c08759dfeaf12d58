"""Where in a text the keyword stands that decided what a report means, for people."""

from __future__ import annotations

from typing import Final

import msgspec

from hcserver.domain.keywords import BOUNDARY, Needle, Rules, needles, normalized, with_boundaries

CONTEXT: Final = 200  # characters that are shown before and behind a keyword
_BEGINNING: Final = 400  # characters that are shown of a text without one
_REPLACEMENT: Final = "\ufffd"
_CUT: Final = "…"


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a text as it was searched: in composed form and without invisible characters.

    Without a keyword, `before` is the beginning of the text.
    """

    before: str
    keyword: str = ""
    after: str = ""


def excerpt(rules: Rules, keyword: str | None, text: str) -> Excerpt:
    """The keyword, as written in the rules, where it first stands in the text, with what is around it.

    Takes time linear in the length of the text.
    """
    text = text.replace(BOUNDARY, _REPLACEMENT)
    needle = next((one for one in needles(rules) if one.keyword == keyword), None)
    shown = normalized(text, ignore_case=False)
    if needle is not None and needle.spaced:
        shown = " ".join(shown.split())
    span = None if needle is None else _span(needle, shown, rules.ignore_case)
    if span is None:
        return Excerpt(before=shown[:_BEGINNING] + _CUT * (len(shown) > _BEGINNING))
    start, end = span
    return Excerpt(
        before=_CUT * (start > CONTEXT) + shown[max(0, start - CONTEXT) : start],
        keyword=shown[start:end],
        after=shown[end : end + CONTEXT] + _CUT * (len(shown) > end + CONTEXT),
    )


def _span(needle: Needle, shown: str, ignore_case: bool) -> tuple[int, int] | None:
    searched = shown.casefold() if ignore_case else shown
    if needle.marked is None:
        start = searched.find(needle.text)
    else:
        bounded = with_boundaries(searched)
        start = bounded.find(needle.marked)
        start -= bounded.count(BOUNDARY, 0, max(0, start))
    if start < 0:
        return None
    end = start + len(needle.text)
    # Case folding makes some characters longer, none shorter: with equal lengths the places are the same.
    return (start, end) if len(searched) == len(shown) else _unfolded(shown, start, end)


def _unfolded(shown: str, start: int, end: int) -> tuple[int, int]:
    """The place in a text of what stands at this place in the case-folded text."""
    first, position = 0, 0
    for index, char in enumerate(shown):
        if position <= start:
            first = index
        if position >= end:
            return first, index
        position += len(char.casefold())
    return first, len(shown)
