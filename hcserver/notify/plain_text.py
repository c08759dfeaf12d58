"""Text from outside, made fit to be shown: no control characters, bounded in length."""

from __future__ import annotations

import re

# Invisible, or able to turn the order of what is shown: the C0 and C1 controls, marks of direction, lone
# surrogates, the byte-order mark. Tabs and line ends are kept.
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def one_line(text: str, limit: int = 200) -> str:
    """`text` without line ends and controls, at most `limit` characters: fit for a subject or a header."""
    words = " ".join(_CONTROLS.sub(" ", text).split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def first_lines(text: str, lines: int, characters: int) -> str:
    """The beginning of `text` without controls, within both limits and without white space around it."""
    return "\n".join(_clean(text).split("\n")[:lines])[:characters].rstrip()


def last_lines(text: str, lines: int, characters: int) -> str:
    """The end of `text`, in the same way."""
    return "\n".join(_clean(text).split("\n")[-lines:])[-characters:].lstrip()


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
