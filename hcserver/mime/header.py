"""The header of a message or part: the few fields that matter here, found and decoded."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote_to_bytes

import msgspec

from hcserver.mime.charset import decode
from hcserver.mime.transfer_encoding import decode_base64

# Content-Type and its like: as much as is looked at. Real ones have some hundred bytes.
MAX_STRUCTURED = 4096  # bytes

_FIELDS = {
    b"subject",
    b"message-id",
    b"content-type",
    b"content-transfer-encoding",
    b"content-disposition",
}
_LONGEST_NAME = 998  # RFC 5322 section 2.1.1: a name fits into one line

_STEPS_LINE = 2  # about a microsecond each

_FIELD_NAME = re.compile(rb"[!-9;-~]+[ \t]*")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{0,100})\?([bBqQ])\?([^?]*)\?=")

# Quoted strings, the delimiters, escapes outside of strings, and everything between them. An open quote
# reaches to the end, so that nothing is looked at twice.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[();]|\\.?|[^"();\\]+', re.DOTALL)

_SEGMENT = re.compile(r"(.*?)(?:\*(\d{1,4}))?(\*)?", re.DOTALL)  # RFC 2231 section 3


class Header(msgspec.Struct):
    """Raw values of the fields that matter, unfolded, the first of each name; and where the body begins."""

    body: int
    fields: dict[bytes, bytes]
    cut: bool = False  # a delimiter line came before the empty line; `body` is its position

    def text(self, name: bytes) -> str:
        """A field of free text, encoded words decoded; empty if missing."""
        return decode_words(self.fields.get(name, b""))

    def structured(self, name: bytes) -> tuple[str, dict[str, str]]:
        """A field with parameters: its value in lower case, and the parameters by lower-case names."""
        return parse_structured(self.fields.get(name, b"")[:MAX_STRUCTURED].decode("latin-1"))


def read_header(
    raw: bytes, start: int, is_delimiter: Callable[[int, int], bool], spend: Callable[[int], None]
) -> Header:
    """Read from `start` to the empty line, or to the first line that can't be in a header (the body then
    begins with it; RFC 2045 section 5.2 lets parts do without any header). `spend` is told the steps taken.
    """
    pieces: dict[bytes, list[bytes]] = {}
    current: list[bytes] | None = None
    at = start
    while at < len(raw):
        spend(_STEPS_LINE)
        end = raw.find(b"\n", at) + 1 or len(raw)
        first = raw[at]
        if first in b" \t" and at > start:
            if current is not None:
                current.append(raw[at:end])
        elif first in b"\r\n" and not raw[at:end].strip(b"\r\n"):
            return Header(body=end, fields=_join(pieces))
        elif first == 0x2D and is_delimiter(at, end):
            return Header(body=at, fields=_join(pieces), cut=True)
        elif (name := _field_name(raw, at, end)) is not None:
            current = None
            lower = name.rstrip().lower()
            if lower in _FIELDS and lower not in pieces:
                current = pieces[lower] = [raw[at + len(name) + 1 : end]]
        elif not (at == start and raw.startswith((b"From ", b">From "), at)):
            return Header(body=at, fields=_join(pieces))
        at = end
    return Header(body=len(raw), fields=_join(pieces))


def decode_words(value: bytes) -> str:
    """RFC 2047: encoded words decoded, those next to each other joined before their charset is applied, so
    that a character cut in two is whole again; the rest as UTF-8, or what it seems to be.
    """
    text = decode(value, None)
    out: list[str] = []
    run: list[bytes] = []  # the bytes of neighbouring words of the same charset
    run_charset = ""
    at = 0
    for word in _ENCODED_WORD.finditer(text):
        between = text[at : word.start()]
        charset = word[1].partition("*")[0].lower()  # RFC 2231 section 5: a language may follow
        if run and (between.strip() or charset != run_charset):
            out.append(decode(b"".join(run), run_charset))
            run.clear()
        if at == 0 or between.strip():
            out.append(between)
        run.append(_word_bytes(word[2], word[3]))
        run_charset = charset
        at = word.end()
    if run:
        out.append(decode(b"".join(run), run_charset))
    out.append(text[at:])
    return "".join(out).strip()


def parse_structured(value: str) -> tuple[str, dict[str, str]]:
    """A value with parameters, comments dropped; parameters in segments (RFC 2231) put together."""
    first, *rest = _split(value)
    first, _, unseparated = first.strip().partition(" ")
    if "=" in unseparated:  # a forgotten semicolon
        rest.insert(0, unseparated)
    else:
        first += unseparated
    parameters: dict[str, str] = {}
    segments: dict[str, dict[int, tuple[str, bool]]] = {}
    for item in rest:
        name, equals, content = item.partition("=")
        match = _SEGMENT.fullmatch(name.strip().lower())
        if not equals or match is None:
            continue
        base, number, extended = match[1].strip(), match[2], match[3] is not None
        if number is None and not extended:
            parameters.setdefault(base, _unquote(content))
        else:
            segments.setdefault(base, {}).setdefault(int(number or 0), (_unquote(content), extended))
    for base, parts in segments.items():
        parameters[base] = _join_segments(parts)
    return first.lower(), parameters


def _join(pieces: Mapping[bytes, list[bytes]]) -> dict[bytes, bytes]:
    return {name: b"".join(lines).replace(b"\r", b"").replace(b"\n", b"") for name, lines in pieces.items()}


def _field_name(raw: bytes, at: int, end: int) -> bytes | None:
    colon = raw.find(b":", at, min(end, at + _LONGEST_NAME))
    if colon < 0 or _FIELD_NAME.fullmatch(raw, at, colon) is None:
        return None
    return raw[at:colon]


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("utf-8")
    if encoding in "bB":
        return decode_base64(data)
    return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)


def _split(value: str) -> list[str]:
    """The parts between semicolons, without the comments (RFC 822 section 3.4.3; they nest)."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in _TOKEN.findall(value):
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(0, depth - 1)
        elif depth == 0 and token == ";":
            parts.append([])
        elif depth == 0:
            parts[-1].append(token)
    return ["".join(part) for part in parts]


def _unquote(content: str) -> str:
    content = content.strip()
    if not content.startswith('"'):
        return content
    inner = content[1:].partition('"')[0] if "\\" not in content else content[1:].removesuffix('"')
    return re.sub(r"\\(.)", r"\1", inner)


def _join_segments(segments: Mapping[int, tuple[str, bool]]) -> str:
    charset = ""
    data = b""
    for number, (content, extended) in sorted(segments.items()):
        if extended and number == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        data += unquote_to_bytes(content) if extended else content.encode("latin-1")
    return decode(data, charset)
