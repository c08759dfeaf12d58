"""The header of a message or part: the few fields that matter here."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from hcserver.mime.encoded_words import decode_words, is_plain
from hcserver.mime.parameters import parse_parameters

# As much of Content-Type and its like as is read. Real ones have some hundred bytes.
MAX_STRUCTURED = 4096  # bytes

_FIELDS = frozenset(
    (b"subject", b"message-id", b"content-type", b"content-transfer-encoding", b"content-disposition")
)
_LONGEST_NAME = 998  # bytes; RFC 5322 section 2.1.1: a name fits into one line

_STEPS_LINE = 2

_FIELD_NAME = re.compile(rb"[!-9;-~]++[ \t]*+")

# Fields that mail programs write (RFC 4021 section 2.1). Another name without a hyphen is rather the first
# word of a text ("Result: failed") whose sender forgot the empty line before it.
_KNOWN = frozenset(
    b"""
    bcc cc comments date encoding encrypted from importance keywords lines organisation organization path
    precedence priority received references sender sensitivity subject to
    """.split()
)
_KNOWN_PREFIXES = tuple(
    b"""
    arc- authentication- auto- content- delivered- dkim- in-reply- list- message- mime- received- reply-
    resent- return- thread- user- x-
    """.split()
)


class Header(msgspec.Struct):
    """Raw values of the fields that matter, unfolded, the first of each name; and where the body begins."""

    body: int
    fields: dict[bytes, bytes]
    cut: bool = False  # a delimiter line came before the empty line; `body` is its position

    def subject(self) -> str:
        """The subject on one line, "" if there is none. Raw text in it is in the charset of the body."""
        value = self.fields.get(b"subject", b"")
        if is_plain(value):
            return decode_words(value)
        return decode_words(value, self.parameters(b"content-type")[1].get("charset"))

    def parameters(self, name: bytes) -> tuple[str, dict[str, str]]:
        """A field with parameters: its value in lower case, and the parameters by lower-case names."""
        value = self.fields.get(name)
        return parse_parameters(value[:MAX_STRUCTURED].decode("latin-1")) if value else ("", {})


def read_header(
    raw: bytes, start: int, is_delimiter: Callable[[int, int], bool], spend: Callable[[int], None]
) -> Header:
    """Read from `start` to the empty line, or to the first line that can't be in a header, with which the
    body begins (RFC 2045 section 5.2 lets parts do without a header). `spend` is called with the steps taken.
    """
    fields = _Fields()
    at = start
    while at < len(raw):
        spend(_STEPS_LINE)
        end = raw.find(b"\n", at) + 1 or len(raw)
        first = raw[at]
        if first in b" \t" and at > start:
            fields.fold(raw[at:end])
        elif first in b"\r\n" and not raw[at:end].strip(b"\r\n"):
            return fields.header(end)
        elif first == 0x2D and is_delimiter(at, end):
            return fields.header(at, cut=True)
        elif (name := _field_name(raw, at, end)) is not None:
            fields.add(name.rstrip().lower(), at, raw[at + len(name) + 1 : end])
        elif not (at == start and raw.startswith((b"From ", b">From "), at)):
            return fields.header(at)
        at = end
    return fields.header(len(raw))


class _Fields:
    """The fields of a header that is being read."""

    def __init__(self) -> None:
        self._pieces: dict[bytes, list[bytes]] = {}
        self._current: list[bytes] | None = None
        self._seen: set[bytes] = set()  # names in _KNOWN: a second one is rather a line of text, too
        self._text = -1  # position of the first line that may belong to the body, -1 if there is none

    def add(self, name: bytes, at: int, value: bytes) -> None:
        self._current = None
        if name in _FIELDS and name not in self._pieces:
            self._current = self._pieces[name] = [value]
        if name in _KNOWN:
            if name not in self._seen:
                self._seen.add(name)
                self._text = -1
        elif b"-" not in name:
            if self._text < 0:
                self._text = at
        elif self._text >= 0 and name.startswith(_KNOWN_PREFIXES):
            self._text = -1

    def fold(self, value: bytes) -> None:
        """RFC 5322 section 2.2.3: a line that begins with white space continues the field before it."""
        if self._current is not None:
            self._current.append(value)

    def header(self, body: int, cut: bool = False) -> Header:
        """What was read, with the body at that position."""
        fields = {
            name: b"".join(lines).replace(b"\r", b"").replace(b"\n", b"")
            for name, lines in self._pieces.items()
        }
        encoded = fields.get(b"content-transfer-encoding", b"7bit").strip().lower()
        if self._text >= 0 and encoded in (b"7bit", b"8bit") and not cut:
            structured = fields.get(b"content-type", b"").lower()
            if b"multipart/" not in structured and b"message/" not in structured:
                body = self._text
        return Header(body=body, fields=fields, cut=cut)


def _field_name(raw: bytes, at: int, end: int) -> bytes | None:
    colon = raw.find(b":", at, min(end, at + _LONGEST_NAME))
    if colon < 0 or _FIELD_NAME.fullmatch(raw, at, colon) is None:
        return None
    return raw[at:colon]
