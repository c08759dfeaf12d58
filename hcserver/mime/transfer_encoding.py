"""Content-Transfer-Encoding undone (RFC 2045 section 6), as well as the data allow."""

from __future__ import annotations

import binascii
import re

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64 + b"="))
_PADDING = re.compile(rb"=+")
_PADDED_BREAK = re.compile(rb"=[ \t]+\r?\n")

# A part that claims to be base64 but consists to more than this share of other characters is no base64.
_FOREIGN_SHARE = 0.1


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The bytes behind an encoding, named in lower case; an unknown one leaves them as they are."""
    if encoding == "quoted-printable":
        # RFC 2045 section 6.7 (3): blanks at the end of a line were added on the way.
        return binascii.a2b_qp(_PADDED_BREAK.sub(b"=\n", data))
    if encoding == "base64" and _looks_like_base64(data):
        return decode_base64(data)
    return data


def decode_base64(data: bytes) -> bytes:
    """Base64 as mail has it: characters that don't belong there skipped, padding missing, wrong, or in the
    middle, where pieces were put one behind the other.
    """
    decoded = []
    for piece in _PADDING.split(data.translate(None, _NOT_BASE64)):
        usable = len(piece) - (len(piece) % 4 == 1)  # 6 bits are no byte
        decoded.append(binascii.a2b_base64(piece[:usable] + b"=" * (-usable % 4)))
    return b"".join(decoded)


def _looks_like_base64(data: bytes) -> bool:
    lines = data.strip()
    breaks = lines.count(b"\n") + lines.count(b"\r")
    foreign = len(lines) - len(lines.translate(None, _NOT_BASE64)) - breaks
    return foreign <= _FOREIGN_SHARE * len(lines)
