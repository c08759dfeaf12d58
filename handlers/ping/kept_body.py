"""What is kept of a ping's body while it comes in: its beginning or its end, in bounded memory."""

from __future__ import annotations


class BodyStart:
    """The first `limit` bytes of what is added."""

    __slots__ = ("_chunks", "_room", "size")

    def __init__(self, limit: int) -> None:
        self.size = 0  # bytes of all that was added
        self._chunks: list[bytes] = []
        self._room = limit

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        chunk = chunk[: self._room]
        if chunk:
            self._chunks.append(chunk)
            self._room -= len(chunk)

    def kept(self) -> bytes:
        return b"".join(self._chunks)


class BodyEnd:
    """The last `limit` bytes of what is added."""

    __slots__ = ("_kept", "_limit", "size")

    def __init__(self, limit: int) -> None:
        self.size = 0  # bytes of all that was added
        self._kept = bytearray()
        self._limit = limit

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._kept += chunk
        # Python removes bytes at the beginning of a bytearray without moving the others.
        del self._kept[: max(len(self._kept) - self._limit, 0)]

    def kept(self) -> bytes:
        return bytes(self._kept)
