"""The end of a command's output, in bounded memory."""

from __future__ import annotations

import threading
from typing import Final

CAPACITY: Final = 1_000_000  # bytes: no server keeps more of a ping's body (limits.ping_body_bytes)
_MARK: Final = b"(%d bytes before this are left out)\n"
_CONTINUATION: Final = bytes(range(0x80, 0xC0))  # the bytes of a UTF-8 character but the first


class Tail:
    """The last `capacity` bytes of what was appended; several threads may append."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._kept = bytearray()
        self._length = 0  # of all that was appended
        self._lock = threading.Lock()

    def append(self, chunk: bytes) -> None:
        with self._lock:
            self._length += len(chunk)
            self._kept += chunk
            if len(self._kept) > 2 * self._capacity:
                del self._kept[: -self._capacity]

    def last(self, limit: int) -> bytes:
        """The last `limit` bytes at most. If something is missing before them, a line says how much."""
        with self._lock:
            limit = min(limit, self._capacity)
            if self._length <= limit:
                return bytes(self._kept)
            room = limit - len(_MARK % self._length)
            end = _whole_characters(bytes(self._kept[-room:])) if room > 0 else b""
            return (_MARK % (self._length - len(end)) + end)[:limit]


def _whole_characters(text: bytes) -> bytes:
    """The text without what is left at its beginning of a UTF-8 character that was cut."""
    beginning = text[:4]
    continued = len(beginning) - len(beginning.lstrip(_CONTINUATION))
    return text if continued == 4 else text[continued:]  # four in a row are not UTF-8
