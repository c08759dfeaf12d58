"""The parts of a message, found in one pass over its bytes.

The standard library's parser takes time quadratic in the number of parts, exceeds the recursion limit in
deeply nested messages and raises on charsets that it doesn't know. This one takes time linear in the number
of bytes and has an answer for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hcserver.mime.header import Header, read_header
from hcserver.mime.work_limit import WorkLimit

_LONGEST_DELIMITER = 1000  # bytes; RFC 2046 section 5.1.1 allows boundaries of 70
_TYPE = re.compile(r"([^/\s]+)\s*/\s*([^/\s,]+)")
_TOKEN = re.compile(r"[a-z0-9-]+")

_STEPS_PART = 30
_HEADER_BYTES_PER_STEP = 10


class Multipart(msgspec.Struct, eq=False):
    """A multipart whose end has not been reached."""

    boundary: bytes
    start: int  # of its body
    subtype: str
    branch: int = 0  # number of the part that is being read; 0 before the first delimiter
    # The innermost multipart/alternative around it and the number of the branch in which it is.
    alternative: tuple[Multipart, int] | None = None


class Part(msgspec.Struct):
    """A leaf of the tree of parts."""

    raw: bytes
    start: int
    end: int
    type: str  # in lower case, "text/plain"
    name: str = ""  # of the file that it was
    charset: str | None = None
    encoding: str = ""  # Content-Transfer-Encoding in lower case
    flowed: bool = False  # format=flowed (RFC 3676)
    del_sp: bool = False
    attached: bool = False
    container: int = -1  # position of the multipart that it is in, -1 if it is the message's body
    # The innermost multipart/alternative around it and the number of the branch in which it is.
    alternative: tuple[Multipart, int] | None = None

    @property
    def is_message(self) -> bool:
        """Whether it is a message that was not taken apart because it is encoded."""
        return self.type in ("message/rfc822", "message/global")

    def data(self) -> bytes:
        """Its bytes, still encoded."""
        return self.raw[self.start : self.end]


class _Delimiter(msgspec.Struct):
    start: int
    end: int
    level: int  # index of the multipart that it belongs to
    closing: bool


def split_message(raw: bytes, work: WorkLimit) -> Iterator[Header | Part]:
    """The message's header, then its parts in order, with the header of each message inside before its parts.

    Raises TooCostly and nothing else, whatever the bytes.
    """
    return _Walk(raw, work).items()


class _Walk:
    """One pass over a message, from part to part; the multiparts around the current one are on a stack."""

    def __init__(self, raw: bytes, work: WorkLimit) -> None:
        self._raw = raw
        self._work = work
        self._stack: list[Multipart] = []
        self._levels: dict[bytes, list[int]] = {}  # boundary -> its places on the stack, innermost last

    def items(self) -> Iterator[Header | Part]:
        at = header_start(self._raw)
        default = "text/plain"
        is_top = begins_message = True
        while True:
            header = read_header(self._raw, at, self._is_delimiter, self._work.spend)
            if begins_message:
                yield header
            part, multipart = self._classify(header, default, is_top)
            is_top = begins_message = False
            at = header.body
            if multipart is not None:
                self._push(multipart)
            elif part.is_message and part.encoding in ("", "7bit", "8bit", "binary") and not header.cut:
                default = "text/plain"
                begins_message = True
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
            default = "message/rfc822" if self._stack[-1].subtype == "digest" else "text/plain"

    def _classify(self, header: Header, default: str, is_top: bool) -> tuple[Part, Multipart | None]:
        """What the header says that its body is: a part, or a multipart with its boundary.

        The message itself can't be an attachment, whatever it says.
        """
        self._work.spend(_STEPS_PART + sum(map(len, header.fields.values())) // _HEADER_BYTES_PER_STEP)
        type, parameters = header.parameters(b"content-type")
        boundary = parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        encoding = _TOKEN.search(header.parameters(b"content-transfer-encoding")[0])
        disposed, of_disposition = header.parameters(b"content-disposition")
        disposition = _TOKEN.search(disposed)
        part = Part(
            raw=self._raw,
            start=header.body,
            end=header.body,
            type=f"{known[1]}/{known[2]}" if (known := _TYPE.match(type)) else default,
            name=of_disposition.get("filename") or parameters.get("name", ""),
            charset=parameters.get("charset"),
            encoding=encoding[0] if encoding else "",
            flowed=parameters.get("format", "").lower() == "flowed",
            del_sp=parameters.get("delsp", "").lower() == "yes",
            attached=not is_top and disposition is not None and disposition[0] == "attachment",
            container=self._stack[-1].start if self._stack else -1,
            alternative=self._alternative(),
        )
        if not part.type.startswith("multipart/"):
            return part, None
        if not boundary or len(boundary) > _LONGEST_DELIMITER - 4:
            part.type, part.charset, part.encoding = "text/plain", None, ""
            return part, None
        subtype = part.type.removeprefix("multipart/")
        return part, Multipart(
            boundary=boundary, start=header.body, subtype=subtype, alternative=part.alternative
        )

    def _alternative(self) -> tuple[Multipart, int] | None:
        if not self._stack:
            return None
        innermost = self._stack[-1]
        if innermost.subtype == "alternative":
            return innermost, innermost.branch
        return innermost.alternative

    def _push(self, multipart: Multipart) -> None:
        self._levels.setdefault(multipart.boundary, []).append(len(self._stack))
        self._stack.append(multipart)

    def _pop(self) -> Multipart:
        multipart = self._stack.pop()
        levels = self._levels[multipart.boundary]
        levels.pop()
        if not levels:
            del self._levels[multipart.boundary]
        return multipart

    def _advance(self, delimiter: _Delimiter | None) -> tuple[int | None, Part | None]:
        """Where the next part starts, None at the end; and, where a multipart's boundary never came, its
        whole body as text.
        """
        text: Part | None = None
        while delimiter is not None:
            text = self._close_down_to(delimiter.level + 1, delimiter.start) or text
            if not delimiter.closing:
                self._stack[delimiter.level].branch += 1
                return delimiter.end, text
            text = self._close_down_to(delimiter.level, delimiter.start) or text
            delimiter = self._next_delimiter(delimiter.end)
        return None, self._close_down_to(0, len(self._raw)) or text

    def _close_down_to(self, level: int, end: int) -> Part | None:
        """Leave the multiparts from `level` on. Only the innermost can be one that had no delimiter yet."""
        unopened: Part | None = None
        while len(self._stack) > level:
            multipart = self._pop()
            if not multipart.branch:
                unopened = Part(raw=self._raw, start=multipart.start, end=end, type="text/plain")
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
            self._work.spend(1)
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


def header_start(raw: bytes) -> int:
    """Where the header starts: behind a byte-order mark."""
    return 3 if raw.startswith(b"\xef\xbb\xbf") else 0
