"""Names of charsets, as messages have them, to names of Python's codecs."""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases as _python_aliases

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_MARK = re.compile(r"_(?:esc|sio)$")  # Windows names variants of ISO-2022 so: "_iso-2022-jp$ESC"
_ISO_8859 = re.compile(r"^(?:iso_?)?8859_?([0-9]+)(?:_[0-9]{4})?")
_CODE_PAGE = re.compile(r"^(?:windows|win|cp|ibm|ms|microsoft_cp)_?(?=[0-9])")

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
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "iso_2022_jp_ms": "iso2022_jp_ext",
    "iso2022_jp": "iso2022_jp_ext",
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

# What Python calls encodings but no mail is written in: EBCDIC, escapes, compression, domain names.
_NOT_CHARSETS = """
    base64_codec bz2_codec charmap cp037 cp1026 cp1140 cp273 cp424 cp500 cp875 hex_codec idna mbcs oem palmos
    punycode quopri_codec raw_unicode_escape rot_13 undefined unicode_escape uu_codec zlib_codec
"""


def codec_name(charset: str) -> str | None:
    """The codec for a charset as named in a message, None if there is no charset of that name.

    Only names from a fixed table are looked up among Python's codecs: a look-up imports a module of that name
    and keeps every name that fails.
    """
    name = _SEPARATORS.sub("_", charset[:100].lower()).strip("_")
    name = _MARK.sub("", name.removeprefix("charset_"))
    for candidate in (name, name.removeprefix("x_"), name.removeprefix("cs")):
        if (codec := _known(candidate)) is not None:
            return codec
    return None


def _known(name: str) -> str | None:
    if name in _ALIASES:
        return _ALIASES[name]
    name = _CODE_PAGE.sub("cp", _ISO_8859.sub(r"iso8859_\1", name))
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
