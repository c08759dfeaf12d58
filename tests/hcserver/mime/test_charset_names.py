from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.mime.charset_names import codec_name


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("UTF-8", "utf-8"),
        ('"utf8"', "utf-8"),
        ("charset=utf-8", "utf-8"),
        ("x-utf-8", "utf-8"),
        ("ISO-8859-1", "cp1252"),
        ("iso-8859-15", "iso8859-15"),
        ("ISO_8859-2:1987", "iso8859-2"),
        ("windows-1252", "cp1252"),
        ("Microsoft-CP1251", "cp1251"),
        ("gb2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("_iso-2022-jp$ESC", "iso2022_jp_ext"),
        ("csShiftJIS", "cp932"),
        ("KOI8-R", "koi8-r"),
    ],
)
def test_names_that_mail_programs_write_are_known(charset: str, codec: str) -> None:
    found = codec_name(charset)
    assert found is not None
    assert codecs.lookup(found).name == codecs.lookup(codec).name


@pytest.mark.parametrize(
    "charset",
    ["", "nonsense", "rot13", "base64", "idna", "punycode", "unicode_escape", "cp500", "zlib"],
)
def test_what_is_no_charset_is_none(charset: str) -> None:
    assert codec_name(charset) is None


@given(st.text())
def test_every_name_that_is_known_decodes_text(charset: str) -> None:
    found = codec_name(charset)
    assert found is None or isinstance(codecs.decode(b"a", found, "replace"), str)
