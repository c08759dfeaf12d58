"""Bytes of an email to text, whatever charset they claim to be in."""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases as _python_aliases

_SEPARATORS = re.compile(r"[^a-z0-9]+")

# Names that mail programs use and Python doesn't know, or knows as a smaller set than they mean. The
# supersets follow the WHATWG Encoding Standard, section 4.2.
_ALIASES = {
    "ansi": "cp1252",
    "ascii": "ascii",
    "big5": "cp950",
    "cp932": "cp932",
    "dos_874": "cp874",
    "euc_cn": "gb18030",
    "euckr": "cp949",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312_80": "gb18030",
    "gbk": "gb18030",
    "iso8859_8_e": "iso8859-8",
    "iso8859_8_i": "iso8859-8",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "ks_c_5601": "cp949",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601_1989": "cp949",
    "ksc5601": "cp949",
    "latin1": "cp1252",
    "iso8859_1": "cp1252",
    "macintosh": "mac_roman",
    "mac": "mac_roman",
    "ms_kanji": "cp932",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "tis_620": "cp874",
    "unicode_1_1_utf_7": "utf-7",
    "unicode_1_1_utf_8": "utf-8",
    "unicode_2_0_utf_8": "utf-8",
    "utf": "utf-8",
    "unicode": "utf-16",
    "unicodefeff": "utf-16",
    "unicodefffe": "utf-16-be",
    "iso_10646_ucs_2": "utf-16",
    "csunicode": "utf-16",
    "ucs_2": "utf-16",
    "ucs2": "utf-16",
    "unicode_2_0_utf_7": "utf-7",
    "cn_big5": "cp950",
    "x_big5": "cp950",
    "cn_gb": "gb18030",
    "gb_2312": "gb18030",
    "iso_ir_58": "gb18030",
    "csiso58gb231280": "gb18030",
    "iso_ir_149": "cp949",
    "korean": "cp949",
    "ksc_5601": "cp949",
    "csksc56011987": "cp949",
    "windows31j": "cp932",
    "cswindows31j": "cp932",
    "eucpkdfmtjapanese": "euc_jp",
    "eucjp_ms": "euc_jp",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "iso_2022_jp_ms": "iso2022_jp",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "koi8_ru": "koi8-u",
    "koi8u": "koi8-u",
    "iso8859_6_e": "iso8859-6",
    "iso8859_6_i": "iso8859-6",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "sun_eu_greek": "iso8859-7",
    "mac_ukrainian": "mac_cyrillic",
    "utf8mb3": "utf-8",
    "utf8mb4": "utf-8",
    "utf8n": "utf-8",
    "utf_8_sig": "utf-8",
    "win31j": "cp932",
    "windows_31j": "cp932",
}

# What Python calls an encoding but no mail is written in: EBCDIC, escapes, compression, domain names.
_NOT_CHARSETS = """
    base64_codec bz2_codec charmap cp037 cp1026 cp1140 cp273 cp424 cp500 cp875 hex_codec idna mbcs oem palmos
    punycode quopri_codec raw_unicode_escape rot_13 undefined unicode_escape uu_codec zlib_codec
"""

# One byte per character with the letters at 0xC0 and above: words in these are hardly ever valid UTF-8.
_MISTAKABLE = re.compile(r"ascii|iso8859|latin|cp125|koi8")

_WIDE = re.compile(r"utf-?(16|32)")
_ESCAPED = re.compile(r"utf-?7|hz|iso2022")


def codec_name(charset: str) -> str | None:
    """The codec for a charset as named in a message, None if that is no name of any.

    Only names from a fixed table are ever handed to the codec machinery, which would import modules by name
    and remember each failure for ever.
    """
    name = _SEPARATORS.sub("_", charset[:100].lower()).strip("_")
    name = name.removeprefix("charset_")
    for candidate in (name, name.removeprefix("x_"), name.removeprefix("cs")):
        if (codec := _known(candidate)) is not None:
            return codec
    return None


def decode(data: bytes, charset: str | None) -> str:
    """The text of `data`, NULs and byte-order mark dropped. Never fails; what makes no sense becomes U+FFFD.

    The charset is believed as far as the bytes allow it: UTF-8 under a wrong name or none is recognised, and
    what claims to be UTF-8 but isn't is taken for windows-1252, the usual culprit.
    """
    codec = codec_name(charset) if charset else None
    return _decode(data, codec).removeprefix("\ufeff").replace("\0", "")


def _known(name: str) -> str | None:
    if name in _ALIASES:
        return _ALIASES[name]
    name = re.sub(r"^(?:iso_?)?8859_?(\d+)(?:_\d{4})?", r"iso8859_\1", name)
    name = re.sub(r"^(?:windows|win|cp|ibm|ms|microsoft_cp)_?(?=\d)", "cp", name)
    if name in _ALIASES:
        return _ALIASES[name]
    codec = name if name in _PYTHON_CODECS else _python_aliases.get(name, "")
    if codec in _ALIASES:
        return _ALIASES[codec]
    return codec if codec in _PYTHON_CODECS else None


def _python_codecs() -> frozenset[str]:
    known = set(_python_aliases.values()) | {"cp874", "cp720", "cp737", "cp856", "cp1006", "koi8_u", "koi8_t"}
    return frozenset(name for name in known.difference(_NOT_CHARSETS.split()) if _is_text(name))


def _is_text(name: str) -> bool:
    try:
        return isinstance(codecs.decode(b"", name), str)
    except LookupError:
        return False


_PYTHON_CODECS = _python_codecs()


def _decode(data: bytes, codec: str | None) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _clean(data.decode("utf-16", "replace"))
    if codec is not None and _WIDE.match(codec.replace("_", "-")):
        return _decode_wide(data, codec)
    if codec is not None and _ESCAPED.match(codec.replace("_", "-")):
        return _clean(data.decode(codec, "replace"))
    if data.isascii():
        return data.decode("ascii")
    if codec is None or _MISTAKABLE.match(codec) or codec.replace("_", "-") == "utf-8":
        return _decode_single(data, codec)
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return _strict(data, "utf-8") or data.decode(codec, "replace")


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
