"""What a job has written, as people read it: text in which every character can be seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from hcserver.domain.ping import Ping

FIRST_LINE: Final = 200  # characters of a first or last line
_HEAD: Final = 4096  # bytes in which the first line is looked for, or the last one
_CONTINUATION: Final = bytes(range(0x80, 0xC0))  # the bytes of a UTF-8 character but the first
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


def whole_characters(body: bytes, *, cut_before: bool, cut_after: bool) -> bytes:
    """The body without what is left of a UTF-8 character at a side where something was cut off."""
    if cut_before:
        body = body[:3].lstrip(_CONTINUATION) + body[3:]
    if cut_after:
        start = len(body.rstrip(_CONTINUATION)) - 1  # of the last character
        if start >= 0 and len(body) - start < _character_size(body[start]):
            body = body[:start]
    return body


def shown_body(ping: Ping) -> bytes:
    """The body of an HTTP ping without characters that were cut when it was kept."""
    return whole_characters(ping.body or b"", cut_before=ping.cut_before > 0, cut_after=ping.cut_after > 0)


def _character_size(first: int) -> int:
    """The bytes of a UTF-8 character, by its first one."""
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


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
    return _shortened(next(_lines_of(visible(text[:_HEAD]).split("\n")), ""))


def first_line_of(body: bytes) -> str:
    """The first line of a ping's body that says anything."""
    return first_line(decode_output(body[:_HEAD]))


def last_line_of(body: bytes) -> str:
    """The last line of a ping's body that says anything, cut to FIRST_LINE characters."""
    end = whole_characters(body[-_HEAD:], cut_before=len(body) > _HEAD, cut_after=False)
    return _shortened(next(_lines_of(reversed(visible(decode_output(end)).split("\n"))), ""))


def _lines_of(lines: Iterable[str]) -> Iterator[str]:
    """Those of the lines that say anything, with single spaces."""
    return filter(None, (" ".join(line.split()) for line in lines))


def _shortened(words: str) -> str:
    return words if len(words) <= FIRST_LINE else words[: FIRST_LINE - 1] + "…"
