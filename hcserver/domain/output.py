"""What a job has written, as people read it: text in which every character can be seen."""

from __future__ import annotations

import re
from typing import Final

FIRST_LINE: Final = 200  # characters of a first line
_HEAD: Final = 4096  # bytes in which the first line is looked for
_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]{0,40}[A-Za-z]")  # what terminals take for colours and the like
_SHOWN: Final = {
    **{code: 0x2400 + code for code in range(32)},  # control characters have pictures in Unicode
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    # Marks that turn the direction of text, by which it could seem to say something else.
    **dict.fromkeys((0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),
    0x2028: 0x0A,
    0x2029: 0x0A,
}
_LINES: Final = {**_SHOWN, 0x09: 0x09, 0x0A: 0x0A}


def decode_output(body: bytes) -> str:
    """The text of a ping's body. What is no UTF-8 becomes U+FFFD."""
    return body.decode("utf-8", "replace").removeprefix("\ufeff")


def visible(text: str) -> str:
    """The text with simple line ends, without colours, and with a picture of each other control character."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    return text.translate(_LINES)


def first_line(text: str) -> str:
    """The first line that says anything, cut to FIRST_LINE characters."""
    for line in visible(text[:_HEAD]).split("\n"):
        words = " ".join(line.split())
        if words:
            return words if len(words) <= FIRST_LINE else words[: FIRST_LINE - 1] + "…"
    return ""


def first_line_of(body: bytes) -> str:
    """The first line of a ping's body that says anything."""
    return first_line(decode_output(body[:_HEAD]))
