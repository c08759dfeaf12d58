"""Bytes of an email to text, whatever charset they claim to be in."""

from __future__ import annotations

import re

from hcserver.mime.charset_names import codec_name

# One byte per character with the letters at 0xC0 and above: words in these are hardly ever valid UTF-8.
_MISTAKABLE = re.compile(r"ascii|iso8859|latin|cp125|koi8")

_WIDE = re.compile(r"utf-?(16|32)")
_ESCAPED = re.compile(r"utf-?7|hz|iso2022")

# Escape sequences that hardly ever stand in text of another charset, with the codec that knows them. The
# first codec of which one occurs is used (RFC 1557, RFC 1554, RFC 1468).
_ISO_2022 = (
    ("iso2022_kr", (b"\x1b$)C",)),
    ("iso2022_jp_2", (b"\x1b$A", b"\x1b$(A", b"\x1b$(C")),
    ("iso2022_jp_ext", (b"\x1b$B", b"\x1b$@", b"\x1b$(D", b"\x1b(J", b"\x1b(I")),
)


def decode(data: bytes, charset: str | None) -> str:
    """The text of `data`, NULs and byte-order mark dropped. Never fails; what makes no sense becomes U+FFFD.

    The charset is believed as far as the bytes allow it: UTF-8 and ISO-2022 under a wrong name or none are
    recognised, and what claims to be UTF-8 but isn't is decoded as windows-1252, the most common mistake.
    """
    codec = codec_name(charset) if charset else None
    return _decode(data, codec).removeprefix("\ufeff").replace("\0", "")


def _decode(data: bytes, codec: str | None) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _clean(data.decode("utf-16", "replace"))
    if codec is not None and _WIDE.match(codec.replace("_", "-")):
        return _decode_wide(data, codec)
    if codec is not None and _ESCAPED.match(codec.replace("_", "-")):
        return _decode_escaped(data, codec)
    if data.isascii():
        return _decode_ascii(data)
    if codec is None or _MISTAKABLE.match(codec) or codec.replace("_", "-") == "utf-8":
        return _decode_single(data, codec)
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return _strict(data, "utf-8") or data.decode(codec, "replace")


def _decode_escaped(data: bytes, codec: str) -> str:
    """UTF-7, HZ and ISO-2022, which consist of ASCII bytes only."""
    if not data.isascii() and (text := _strict(data, "utf-8")) is not None:
        return text
    return _clean(data.decode(codec, "replace"))


def _decode_ascii(data: bytes) -> str:
    if b"\x1b" in data:
        for codec, escapes in _ISO_2022:
            if any(escape in data for escape in escapes):
                return _decode_escaped(data, codec)
    return data.decode("ascii")


def _decode_single(data: bytes, codec: str | None) -> str:
    text = _strict(data, "utf-8")
    if text is not None:
        return text
    if codec is None or codec.replace("_", "-") in ("utf-8", "ascii"):
        return _broken_utf8(data)
    return data.decode(codec, "replace")


def _broken_utf8(data: bytes) -> str:
    """UTF-8 that was cut or mixed stays UTF-8; where most of it is broken, it never was."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    meant = len(text.encode()) - len(text) - 2 * broken  # extra bytes of all the characters beyond ASCII
    return text if meant > broken else data.decode("cp1252", "replace")


def _decode_wide(data: bytes, codec: str) -> str:
    """UTF-16 and UTF-32, unless the bytes can't be: such text is hardly ever without NULs."""
    if b"\0" not in data and (text := _strict(data, "utf-8")) is not None:
        return text
    return _clean(data.decode(codec, "replace"))


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _clean(text: str) -> str:
    """Without lone surrogates, which some decoders let through and no database takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
