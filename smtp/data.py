"""The message as it comes in behind DATA: where it ends, and the dots that the sender doubled."""

from __future__ import annotations

_END = b"\r\n.\r\n"


class Data:
    """Collects a message piece by piece, in time linear in its size however it is cut into pieces.

    Lines end with CRLF and nothing else: a bare LF, with a dot behind it or without, is part of the message,
    so that nothing can be smuggled in behind it.
    """

    def __init__(self, max_bytes: int) -> None:
        self.too_large = False  # more than max_bytes came, and were thrown away
        self.no_room = False  # thrown away by `drop`
        self._max_bytes = max_bytes
        self._content = bytearray()
        # As much of the end as could be the beginning of _END. The line break that ended the DATA command
        # stands before the first line, and is taken off again in `content`.
        self._held = b"\r\n"

    def feed(self, piece: bytes) -> bytes | None:
        """Take a piece. None, or at the end of the message what came behind it."""
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
        """Keep nothing of it, and only look for its end."""
        self.no_room = True
        self._content = bytearray(2)

    def content(self) -> bytes:
        """The whole message, once its end was seen."""
        return bytes(memoryview(self._content)[2:])

    def _add(self, piece: bytes) -> None:
        """RFC 5321 section 4.5.2: a dot at the start of a line is one that the sender put there."""
        if self.too_large or self.no_room:
            return
        self._content += piece.replace(b"\r\n.", b"\r\n")
        if len(self._content) - 2 > self._max_bytes:
            self.too_large = True
            self._content = bytearray(2)
