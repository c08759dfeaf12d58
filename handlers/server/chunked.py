"""Chunked bodies (RFC 9112 section 7.1), with the extensions and trailers that Tornado refuses."""

from __future__ import annotations

import re

from tornado.httputil import HTTPInputError

# A size, then extensions, which mean nothing to us and are skipped (RFC 9112 section 7.1.1).
_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_CR = 0x0D
MAX_LINE = 4096  # bytes of a size line, and of one trailer field
MAX_TRAILERS = 16_384  # bytes of all trailer fields


class ChunkedDecoder:
    """Takes the bytes of a chunked body as they come and gives back the data in them.

    `chunks` counts the chunks, `rest` is what followed the body once `done` is true.
    """

    def __init__(self) -> None:
        self.done = False
        self.rest = b""
        self.chunks = 0
        self._pending = b""  # an incomplete line
        self._missing = 0  # bytes of the current chunk's data that are still to come
        self._line_end_due = False  # of the current chunk
        self._in_trailers = False
        self._trailer_bytes = 0

    def feed(self, block: bytes) -> bytes:
        """The data in the next block. Raises HTTPInputError for what is no chunked body."""
        data = self._pending + block if self._pending else block
        self._pending = b""
        pieces: list[bytes] = []
        position = 0
        while position < len(data) and not self._in_trailers:
            if self._missing:
                piece = data[position : position + self._missing]
                pieces.append(piece)
                self._missing -= len(piece)
                position += len(piece)
            elif self._line_end_due:
                if len(data) - position == 1 and data[position] == _CR:
                    self._pending = data[position:]
                    break
                if not data.startswith(b"\r\n", position):
                    raise HTTPInputError("improperly terminated chunk")
                self._line_end_due = False
                position += 2
            else:
                line = _SIZE_LINE.match(data, position)
                if line is None:
                    self._keep_incomplete(data[position:])
                    break
                position = line.end()
                self._begin_chunk(int(line[1], 16))
        if self._in_trailers:
            self._skip_trailers(data[position:])
        return b"".join(pieces)

    def _begin_chunk(self, size: int) -> None:
        if size:
            self.chunks += 1
            self._missing = size
            self._line_end_due = True
        else:
            self._in_trailers = True

    def _keep_incomplete(self, line: bytes) -> None:
        if b"\n" in line or len(line) > MAX_LINE:
            raise HTTPInputError("invalid chunk size")
        self._pending = line

    def _skip_trailers(self, data: bytes) -> None:
        """Skip the trailer fields, up to the empty line that ends the body."""
        position = 0
        while (end := data.find(b"\r\n", position)) != -1:
            if end == position:
                self.done = True
                self.rest = data[end + 2 :]
                return
            if b":" not in data[position:end]:
                raise HTTPInputError("improperly terminated chunked request")
            self._trailer_bytes += end - position
            position = end + 2
        self._pending = data[position:]
        if len(self._pending) > MAX_LINE or self._trailer_bytes > MAX_TRAILERS:
            raise HTTPInputError("the trailers are too large")
