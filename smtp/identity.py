"""What identifies a message: what it has in common with every later attempt at sending it."""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

import msgspec

from hcserver.services.intake.repetitions import ID_BYTES

TOKEN_BYTES = 12

_WITHIN = 64 * 1024  # bytes at the beginning of a message in which its fields are looked for
_HEADER_END = re.compile(rb"\n\r?\n")
_FIELD = re.compile(rb"^(message-id|date|subject)[ \t]*:((?:[^\n]|\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
# In UTF-8 (RFC 6532) letters of other scripts are bytes above 127.
_SAYS_SOMETHING = re.compile(rb"[0-9A-Za-z\x80-\xff]")


class Identity(msgspec.Struct, frozen=True):
    """Digests of a message: of its Message-ID, and of the Date, the Subject and the body together."""

    message_id: bytes
    content: bytes

    def token(self, check: UUID) -> bytes:
        """Stands for the message in the log of a check, TOKEN_BYTES long. Its first ID_BYTES bytes are the
        same for all messages under one Message-ID.
        """
        return _digest(ID_BYTES, check.bytes, self.message_id) + _digest(
            TOKEN_BYTES - ID_BYTES, check.bytes, self.message_id, self.content
        )


def identity(raw: bytes) -> Identity | None:
    """The identity of a message; None if it has no Message-ID, or one like `<>` that identifies nothing.

    The other fields do not count, since relays add some on the way (Received).
    """
    head = b"\n" + raw[:_WITHIN]
    end = _HEADER_END.search(head)
    fields: dict[bytes, bytes] = {}
    for field in _FIELD.finditer(head, 0, end.start() + 1 if end else len(head)):
        fields.setdefault(field[1].lower(), field[2].strip())
    message_id = fields.get(b"message-id", b"")
    if _SAYS_SOMETHING.search(message_id) is None:
        return None
    content = hashlib.blake2b(digest_size=32)
    for name in (b"date", b"subject"):
        value = fields.get(name, b"")
        content.update(len(value).to_bytes(4, "big") + value)
    content.update(memoryview(raw)[end.end() - 1 if end else len(head) - 1 :])
    return Identity(hashlib.blake2b(message_id, digest_size=32).digest(), content.digest())


def _digest(size: int, *parts: bytes) -> bytes:
    return hashlib.blake2b(b"".join(parts), digest_size=size).digest()
