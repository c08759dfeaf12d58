"""Content-Transfer-Encoding undone (RFC 2045 section 6), as well as the data allow."""

from __future__ import annotations

import binascii
import re

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64 + b"="))
_PADDING = re.compile(rb"=+")
_PADDED_BREAK = re.compile(rb"=[ \t]++\r?\n")

# A part that claims to be base64 but consists of other characters to more than this share may be plain text.
_FOREIGN_SHARE = 0.05
# To more than this share, or if there are blanks within its lines, it is plain text.
_FOREIGN_SHARE_OF_ONE_WORD = 0.5
_BLANK_WITHIN = re.compile(rb"[^ \t\r\n][ \t]++[^ \t\r\n]")

_UUENCODED = frozenset(("x-uuencode", "uuencode", "x-uue", "uue"))
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\r\n]{1,255}\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^(?:`?\r?\n)?end[ \t]{0,9}\r?$", re.MULTILINE)


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The bytes behind an encoding, named in lower case; an unknown one leaves them as they are.

    Never fails.
    """
    if encoding == "quoted-printable":
        # RFC 2045 section 6.7 (3): blanks at the end of a line were added on the way.
        return binascii.a2b_qp(_PADDED_BREAK.sub(b"=\n", data))
    if encoding == "base64" and _looks_like_base64(data):
        return decode_base64(data)
    if encoding in _UUENCODED:
        return decode_uuencoded(data)
    return data


def decode_base64(data: bytes) -> bytes:
    """Base64 as mail has it: characters outside its alphabet are skipped (RFC 2045 section 6.8), and padding
    may be missing, wrong, or in the middle, where several texts were put one behind the other.
    """
    decoded = []
    for piece in _PADDING.split(data.translate(None, _NOT_BASE64)):
        usable = len(piece) - (len(piece) % 4 == 1)  # 6 bits are no byte
        decoded.append(binascii.a2b_base64(piece[:usable] + b"=" * (-usable % 4)))
    return b"".join(decoded)


def decode_uuencoded(data: bytes) -> bytes:
    """The content between the lines "begin" and "end"; without a line "begin" the data as they are."""
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return data
    end = _UU_END.search(data, begin.end())
    lines = data[begin.end() : len(data) if end is None else end.start()].split(b"\n")
    return b"".join(_decode_uu_line(line.rstrip(b"\r")) for line in lines if line.strip())


def _decode_uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    try:  # some encoders write more characters than the length at the beginning of the line says
        return binascii.a2b_uu(line[: ((line[0] - 32 & 63) * 4 + 5) // 3])
    except binascii.Error:
        return b""


def _looks_like_base64(data: bytes) -> bool:
    """Whether the data are base64 and not plain text under a wrong name."""
    lines = data.strip()
    breaks = lines.count(b"\n") + lines.count(b"\r")
    foreign = len(lines) - len(lines.translate(None, _NOT_BASE64)) - breaks
    if foreign <= _FOREIGN_SHARE * len(lines):
        return True
    return foreign <= _FOREIGN_SHARE_OF_ONE_WORD * len(lines) and _BLANK_WITHIN.search(lines) is None
