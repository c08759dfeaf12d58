"""A raw email to what is searched in it: the subject and the text of all its readable parts.

Our own reader instead of the standard library's, which takes time quadratic in the number of parts, dies of
recursion in deeply nested messages and raises on charsets it doesn't know. This one goes through the bytes
once, in time linear in their number, and has an answer for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hcserver.mime.charset import codec_name, decode
from hcserver.mime.header import Header, decode_words, read_header
from hcserver.mime.html import html_to_text, meta_charset
from hcserver.mime.transfer_encoding import decode_transfer

# Messages inside an encoded message/rfc822, themselves encoded, and so on (RFC 2046 section 5.2.1 forbids
# even the first): every level is one more pass over the bytes.
MAX_ENCODED_DEPTH = 5

_LONGEST_DELIMITER = 1000  # bytes; RFC 2046 section 5.1.1 allows boundaries of 70
_TYPE = re.compile(r"([^/\s]+)\s*/\s*([^/\s,]+)")
_TOKEN = re.compile(r"[a-z0-9-]+")

# Steps that things take, about a microsecond each.
_STEPS_PART = 30
_STEPS_WORD = 4
_STEPS_TAG = 25
_STEPS_HTML = 200
_BYTES_PER_STEP = 50

_PLAIN_MISNAMED = frozenset(("plain/text", "text/ascii", "text/txt"))
_HTML = frozenset(("text/html", "application/xhtml+xml", "html/text", "text/xhtml"))


class TooCostly(Exception):
    """Reading took more steps than it was allowed to."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """The subject, decoded and on one line, empty if there is none; and the text of all readable parts."""

    subject: str
    text: str


def read(raw: bytes, max_steps: int | None = None) -> Mail:
    """Take a message apart. Raises TooCostly, if a limit is given, and nothing else, whatever the bytes."""
    effort = _Effort(max_steps)
    texts: list[str] = []
    subject = ""
    waiting = [(raw, 0)]
    while waiting:
        data, depth = waiting.pop()
        walk = _Walk(data, effort)
        for part in walk.parts():
            inner = _text_of(part, effort)
            if inner is not None:
                texts.append(inner)
            elif part.is_message and depth < MAX_ENCODED_DEPTH:
                waiting.append((decode_transfer(part.data(), part.encoding), depth + 1))
        if depth == 0:
            subject = _subject(walk.top, effort)
    return Mail(subject=subject, text="\n".join(texts))


def read_subject(raw: bytes, within: int, max_steps: int) -> str | None:
    """The subject alone, None if the header doesn't end within so many bytes. Raises TooCostly as `read`."""
    effort = _Effort(max_steps)
    head = raw[:within]
    header = read_header(head, _start(head), lambda at, end: False, effort.spend)
    if header.body == len(head) < len(raw):
        return None
    return _subject(header, effort)


class _Effort:
    """Counts steps and stops where there are too many."""

    def __init__(self, max_steps: int | None) -> None:
        self._left = max_steps if max_steps is not None else float("inf")

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooCostly


class _Part(msgspec.Struct):
    """A leaf of the tree of parts."""

    raw: bytes
    start: int
    end: int
    type: str
    charset: str | None = None
    encoding: str = ""
    attached: bool = False

    @property
    def is_message(self) -> bool:
        return self.type in ("message/rfc822", "message/global")

    def data(self) -> bytes:
        return self.raw[self.start : self.end]


class _Multipart(msgspec.Struct):
    """A multipart whose end has not been reached."""

    boundary: bytes
    start: int  # of its body
    digest: bool
    opened: bool = False  # its first delimiter was seen


class _Delimiter(msgspec.Struct):
    start: int
    end: int
    level: int  # index of the multipart that it belongs to
    closing: bool


class _Walk:
    """One pass over a message, from part to part; the multiparts around the current one are on a stack."""

    def __init__(self, raw: bytes, effort: _Effort) -> None:
        self._raw = raw
        self._effort = effort
        self._stack: list[_Multipart] = []
        self._levels: dict[bytes, list[int]] = {}  # boundary -> its places on the stack, innermost last
        self.top = Header(body=0, fields={})

    def parts(self) -> Iterator[_Part]:
        """The leaves in order; `top` is the message's own header from the first one on."""
        at = _start(self._raw)
        default = "text/plain"
        is_top = True
        while True:
            header = read_header(self._raw, at, self._is_delimiter, self._effort.spend)
            if is_top:
                self.top = header
            part, multipart = self._classify(header, default, attached=not is_top)
            is_top = False
            at = header.body
            if multipart is not None:
                self._push(multipart)
            elif part.is_message and part.encoding in ("", "7bit", "8bit", "binary") and not header.cut:
                default = "text/plain"
                continue
            delimiter = self._next_delimiter(at)
            if multipart is None:
                part.end = len(self._raw) if delimiter is None else delimiter.start
                yield part
            next_part, text = self._advance(delimiter)
            if text is not None:
                yield text
            if next_part is None:
                return
            at = next_part
            default = "message/rfc822" if self._stack[-1].digest else "text/plain"

    def _classify(self, header: Header, default: str, attached: bool) -> tuple[_Part, _Multipart | None]:
        """What the header says that its body is: a part, or a multipart with its boundary.

        The message itself can't be an attachment, whatever it says.
        """
        self._effort.spend(_STEPS_PART + sum(map(len, header.fields.values())) // 10)
        type, parameters = header.structured(b"content-type")
        boundary = parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        encoding = _TOKEN.search(header.structured(b"content-transfer-encoding")[0])
        disposition = _TOKEN.search(header.structured(b"content-disposition")[0])
        part = _Part(
            raw=self._raw,
            start=header.body,
            end=header.body,
            type=f"{known[1]}/{known[2]}" if (known := _TYPE.match(type)) else default,
            charset=parameters.get("charset"),
            encoding=encoding[0] if encoding else "",
            attached=attached and disposition is not None and disposition[0] == "attachment",
        )
        if not part.type.startswith("multipart/"):
            return part, None
        if not boundary or len(boundary) > _LONGEST_DELIMITER - 4:
            part.type, part.charset, part.encoding = "text/plain", None, ""
            return part, None
        digest = part.type == "multipart/digest"
        return part, _Multipart(boundary=boundary, start=header.body, digest=digest)

    def _push(self, multipart: _Multipart) -> None:
        self._levels.setdefault(multipart.boundary, []).append(len(self._stack))
        self._stack.append(multipart)

    def _pop(self) -> _Multipart:
        multipart = self._stack.pop()
        levels = self._levels[multipart.boundary]
        levels.pop()
        if not levels:
            del self._levels[multipart.boundary]
        return multipart

    def _advance(self, delimiter: _Delimiter | None) -> tuple[int | None, _Part | None]:
        """Where the next part starts, None at the end; and, where a multipart's boundary never came, its
        whole body as text.
        """
        text: _Part | None = None
        while delimiter is not None:
            text = self._close_down_to(delimiter.level + 1, delimiter.start) or text
            if not delimiter.closing:
                self._stack[delimiter.level].opened = True
                return delimiter.end, text
            text = self._close_down_to(delimiter.level, delimiter.start) or text
            delimiter = self._next_delimiter(delimiter.end)
        return None, self._close_down_to(0, len(self._raw)) or text

    def _close_down_to(self, level: int, end: int) -> _Part | None:
        """Leave the multiparts from `level` on. Only the innermost can be one that had no delimiter yet."""
        unopened: _Part | None = None
        while len(self._stack) > level:
            multipart = self._pop()
            if not multipart.opened:
                unopened = _Part(raw=self._raw, start=multipart.start, end=end, type="text/plain")
        return unopened

    def _next_delimiter(self, at: int) -> _Delimiter | None:
        """The first delimiter line at or after `at`, which is the start of a line."""
        raw = self._raw
        while self._stack:
            if not raw.startswith(b"--", at):
                found = raw.find(b"\n--", at)
                if found < 0:
                    return None
                at = found + 1
            self._effort.spend(1)
            end = raw.find(b"\n", at) + 1 or len(raw)
            match = self._match(at, end)
            if match is not None:
                return _Delimiter(start=at, end=end, level=match[0], closing=match[1])
            at = end
            if at >= len(raw):
                return None
        return None

    def _is_delimiter(self, at: int, end: int) -> bool:
        return self._match(at, end) is not None

    def _match(self, at: int, end: int) -> tuple[int, bool] | None:
        """The level whose delimiter the line is, and whether it is the last one (RFC 2046 section 5.1.1)."""
        raw = self._raw
        if end - at > _LONGEST_DELIMITER or not raw.startswith(b"--", at):
            return None
        name = raw[at + 2 : end].rstrip()
        if name in self._levels:
            return self._levels[name][-1], False
        if name.endswith(b"--") and name[:-2] in self._levels:
            return self._levels[name[:-2]][-1], True
        return None


def _start(raw: bytes) -> int:
    return 3 if raw.startswith(b"\xef\xbb\xbf") else 0


def _subject(header: Header, effort: _Effort) -> str:
    value = header.fields.get(b"subject", b"")
    effort.spend(len(value) // _BYTES_PER_STEP + value.count(b"=?") * _STEPS_WORD)
    return decode_words(value)


def _text_of(part: _Part, effort: _Effort) -> str | None:
    """The text of a readable part, None of anything else."""
    is_html = part.type in _HTML
    if part.attached or not (is_html or part.type == "text/plain" or part.type in _PLAIN_MISNAMED):
        return None
    coded = part.data()
    effort.spend(len(coded) // _BYTES_PER_STEP)
    if part.encoding == "base64":
        effort.spend(coded.count(b"="))
    data = decode_transfer(coded, part.encoding)
    if not is_html:
        return decode(data, part.charset).replace("\r\n", "\n")
    # What is declared to be ASCII is left undeclared, mostly: then the document may know better.
    declared = codec_name(part.charset) if part.charset else None
    charset = part.charset if declared not in (None, "ascii") else meta_charset(data)
    html = decode(data, charset)
    effort.spend(_STEPS_HTML + html.count("<") * _STEPS_TAG + html.count("&") // 2)
    return html_to_text(html)
