from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.mime.charset import decode
from hcserver.mime.charset_names import codec_name

GERMAN = "Sicherung für Größe fehlgeschlagen"


@pytest.mark.parametrize(
    ("charset", "text", "codec"),
    [
        ("utf-8", GERMAN, "utf-8"),
        ("UTF8", GERMAN, "utf-8"),
        ("utf8mb4", GERMAN, "utf-8"),
        ("UTF-8;", GERMAN, "utf-8"),
        ("'utf-8'", GERMAN, "utf-8"),
        ("charset=utf-8", GERMAN, "utf-8"),
        ("csUTF8", GERMAN, "utf-8"),
        ("unicode-1-1-utf-8", GERMAN, "utf-8"),
        ("iso-8859-1", GERMAN, "latin-1"),
        ("ISO8859-1", GERMAN, "latin-1"),
        ("ISO_8859-1:1987", GERMAN, "latin-1"),
        ("8859-1", GERMAN, "latin-1"),
        ("latin1", GERMAN, "latin-1"),
        ("iso-8859-15", "Preis €", "iso8859-15"),
        ("iso-8859-1", "“Backup” – €", "cp1252"),
        ("windows-1252", "“Backup” – €", "cp1252"),
        ("ansi", "“Backup” – €", "cp1252"),
        ("win-1251", "Ошибка архива", "cp1251"),
        ("cp-1251", "Ошибка архива", "cp1251"),
        ("koi8-r", "Ошибка архива", "koi8-r"),
        ("ibm866", "Ошибка архива", "cp866"),
        ("windows-874", "สำรองข้อมูล", "cp874"),
        ("tis-620", "สำรองข้อมูล", "cp874"),
        ("x-sjis", "バックアップ失敗", "cp932"),
        ("Shift_JIS", "①失敗", "cp932"),
        ("windows-31j", "①失敗", "cp932"),
        ("iso-2022-jp", "バックアップ失敗", "iso-2022-jp"),
        ("euc-jp", "バックアップ失敗", "euc-jp"),
        ("gb2312", "备份失败", "gb2312"),
        ("gb2312", "備份失敗", "gbk"),
        ("x-gbk", "备份失败", "gbk"),
        ("GB18030", "备份失败", "gb18030"),
        ("big5", "備份失敗", "big5"),
        ("ks_c_5601-1987", "백업 실패", "cp949"),
        ("euc-kr", "백업 실패", "euc-kr"),
        ("macintosh", "Größe", "mac-roman"),
        ("utf-16", GERMAN, "utf-16"),
        ("utf-16le", GERMAN, "utf-16-le"),
        ("utf-16be", GERMAN, "utf-16-be"),
        ("utf-32", GERMAN, "utf-32"),
        ("utf-7", GERMAN, "utf-7"),
        ("unicode-1-1-utf-7", GERMAN, "utf-7"),
        ("iso-8859-8-i", "שגיאה", "iso8859-8"),
        ("ISO_8859-5:1988", "Ошибка архива", "iso8859-5"),
        ("iso88595", "Ошибка архива", "iso8859-5"),
        ("ISO_8859-7:1987", "Σφάλμα", "iso8859-7"),
        ("visual", "שגיאה", "iso8859-8"),
        ("koi8", "Ошибка архива", "koi8-r"),
        ("KOI8U", "Помилка", "koi8-u"),
        ("x-mac-ukrainian", "Ошибка архива", "mac-cyrillic"),
        ("gb_2312", "备份失败", "gb2312"),
        ("cn-gb", "备份失败", "gb2312"),
        ("x-x-big5", "備份失敗", "big5"),
        ("iso-ir-149", "백업 실패", "euc-kr"),
        ("ksc_5601", "백업 실패", "euc-kr"),
        ("csWindows31J", "①失敗", "cp932"),
        ("eucJP-ms", "バックアップ失敗", "euc-jp"),
        ("cp50221", "バックアップ失敗", "iso-2022-jp"),
        ("_iso-2022-jp$ESC", "バックアップ失敗", "iso-2022-jp"),
        ("_iso-2022-jp$SIO", "バックアップ失敗", "iso-2022-jp"),
        ("csISO2022JP", "バックアップ失敗", "iso-2022-jp"),
        ("iso-2022-jp", "ﾊﾞｯｸｱｯﾌﾟ", "iso2022_jp_ext"),
        ("iso-2022-jp", "バックアップ失敗", "utf-8"),
        ("iso-2022-kr", "백업 실패", "iso-2022-kr"),
        ("ucs-2", GERMAN, "utf-16"),
        ("unicodeFFFE", GERMAN, "utf-16-be"),
    ],
)
def test_charsets_by_all_of_their_names(charset: str, text: str, codec: str) -> None:
    assert decode(text.encode(codec), charset) == text


@pytest.mark.parametrize(
    "charset", [None, "", "x-unknown", "none", "binary", "us-ascii", "iso-8859-1", "cp1251"]
)
def test_utf_8_is_recognised_under_a_wrong_name_or_none(charset: str | None) -> None:
    assert decode(GERMAN.encode(), charset) == GERMAN


@pytest.mark.parametrize("charset", [None, "x-unknown", "us-ascii", "utf-8", "iso-8859-1", "shift_jis"])
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("バックアップ失敗", "iso-2022-jp"),
        ("ﾊﾞｯｸｱｯﾌﾟ", "iso2022_jp_ext"),
        ("备份失败", "iso2022_jp_2"),
        ("백업 실패", "iso-2022-kr"),
    ],
)
def test_iso_2022_is_recognised_under_a_wrong_name_or_none(
    charset: str | None, text: str, codec: str
) -> None:
    assert decode(text.encode(codec), charset) == text


def test_the_colours_of_a_terminal_are_no_charset() -> None:
    assert decode(b"\x1b[31mfailed\x1b(B\x1b[m", None) == "\x1b[31mfailed\x1b(B\x1b[m"


@pytest.mark.parametrize("charset", [None, "x-unknown", "us-ascii", "utf-8", "utf8mb4"])
def test_windows_1252_is_recognised_where_utf_8_was_claimed_or_nothing(charset: str | None) -> None:
    assert decode(GERMAN.encode("cp1252"), charset) == GERMAN


@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "utf-16le", "gb18030", "x-sjis", "euc-kr"])
def test_plain_text_survives_a_wide_charset_that_it_is_not_in(charset: str) -> None:
    assert decode(b"Backup failed", charset) == "Backup failed"


def test_utf_8_that_was_cut_stays_utf_8() -> None:
    assert decode("Größe ü".encode()[:-1], "utf-8") == "Größe \ufffd"


def test_a_byte_order_mark_beats_the_declaration_and_is_dropped() -> None:
    assert decode(b"\xef\xbb\xbfabc", "iso-8859-1") == "abc"
    assert decode("über".encode("utf-16"), None) == "über"


def test_nuls_are_dropped() -> None:
    assert decode(b"b\0a\0d\0", None) == "bad"


@pytest.mark.parametrize(
    "charset",
    [
        "unicode_escape",
        "punycode",
        "idna",
        "base64",
        "rot13",
        "zlib",
        "undefined",
        "cp037",
        "os",
        "x" * 10_000,
    ],
)
def test_codecs_that_are_no_charsets_are_not_used(charset: str) -> None:
    assert codec_name(charset) is None


@given(
    st.binary(max_size=60),
    st.text(max_size=12) | st.sampled_from(["utf-7", "utf-16", "hz", "iso-2022-jp", "big5"]),
)
def test_any_bytes_under_any_name_are_text_that_can_be_stored(data: bytes, charset: str) -> None:
    text = decode(data, charset)
    text.encode()  # no lone surrogates
    assert "\0" not in text
