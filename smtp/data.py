"""The content of a message behind DATA: where it ends, and the dots that the sender doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PIECE = 64 * 1024  # bytes of a message that are read at a time

_END = b"\r\n.\r\n"


class Data:
    """Collects a message piece by piece, in time linear in its size however it is cut into pieces.

    Lines end with CRLF only. A bare LF is part of the message, also before a line of one dot; otherwise a
    client could hide further commands in a message ("SMTP smuggling").
    """

    def __init__(self, max_bytes: int) -> None:
        self.too_large = False  # more than max_bytes came; they were discarded
        self.no_room = False  # the content was discarded by `drop`
        self._max_bytes = max_bytes
        self._content = bytearray()
        # As much of the last piece as could be the beginning of _END. It begins with the line break of the
        # DATA command, so that a dot in the first line is recognised; `content` removes the line break.
        self._held = b"\r\n"

    def feed(self, piece: bytes) -> bytes | None:
        """Take a piece. Returns None, or at the end of the message the bytes that follow it."""
        piece = self._held + piece
        end = piece.find(_END)
        if end >= 0:
            self._held = b""
            self._add(piece[: end + 2])
            return piece[end + len(_END) :]
        held = next(n for n in range(len(_END) - 1, -1, -1) if piece.endswith(_END[:n]))
        cut = len(piece) - held
        self._add(piece[:cut])
        self._held = piece[cut:]
        return None

    def drop(self) -> None:
        """Discard the content, and only look for its end."""
        self.no_room = True
        self._content = bytearray(2)

    def content(self) -> bytes:
        """The whole message; call it when `feed` has found the end."""
        return bytes(memoryview(self._content)[2:])

    def _add(self, piece: bytes) -> None:
        """Remove the dot that the sender has put at the start of a line (RFC 5321 section 4.5.2)."""
        if self.too_large or self.no_room:
            return
        self._content += piece.replace(b"\r\n.", b"\r\n")
        if len(self._content) - 2 > self._max_bytes:
            self.too_large = True
            self._content = bytearray(2)


async def read_data(reader: asyncio.StreamReader, max_bytes: int, allot: Callable[[int], bool]) -> Data:
    """Read a message up to its end. `allot` is asked for memory for each piece; if it refuses, the message is
    read on and discarded.

    Raises EOFError if the client closes the connection before the end.
    """
    data = Data(max_bytes)
    while True:
        piece = await reader.read(PIECE)
        if not piece:
            raise EOFError("in the middle of a message")
        if not (data.too_large or data.no_room or allot(len(piece))):
            data.drop()
        behind = data.feed(piece)
        if behind is not None:
            # Commands that were sent ahead (RFC 2920) are read next. A StreamReader has no public method for
            # this; aiosmtpd uses the same buffer for STARTTLS.
            reader._buffer[:0] = behind  # type: ignore[attr-defined]
            return data
