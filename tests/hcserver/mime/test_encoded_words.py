from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.mime.encoded_words import decode_words
from hcserver.mime.parameters import parse_parameters


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" Backup OK ", "Backup OK"),
        (b"=?utf-8?q?Gr=C3=B6=C3=9Fe_ok?=", "Größe ok"),
        (b"=?UTF-8?B?R3LDtsOfZQ==?= of it", "Größe of it"),
        (b"=?utf-8?b?R3LDtsOfZQ?=", "Größe"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?=  =?iso-8859-1?q?=FC?=", "aü"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"[x]=?utf-8?q?a?=", "[x]a"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
        (b"=?utf-8*de?q?a?=", "a"),
        (b"=?iso-2022-jp?B?GyRCJVAlQyUvJSIlQyVXGyhC?=", "バックアップ"),
        (b"=?utf8mb4?q?=C3=BC?=", "ü"),
        (b"=?nonsense?q?=C3=BC?=", "ü"),
        (b"=??q?x?=", "x"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"=?utf-8?q?two words?=", "two words"),
        (b"=?utf-8?q?cut", "=?utf-8?q?cut"),
        (b"=?utf-8?b?!!!?=", ""),
        ("Größe".encode(), "Größe"),
        ("Größe".encode("latin-1"), "Größe"),
        (b"", ""),
        (b"a\0b", "ab"),
    ],
)
def test_free_text_is_decoded(value: bytes, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("value", "charset", "expected"),
    [
        ("Größe".encode("cp850"), "cp-850", "Größe"),
        ("備份失敗".encode("gbk"), "gb2312", "備份失敗"),
        ("Größe".encode(), "iso-8859-1", "Größe"),
        ("失敗".encode("iso-2022-jp"), "iso-2022-jp", "失敗"),
        ("失敗".encode("iso-2022-jp"), None, "失敗"),
        (b"1 +AGE- 1", "utf-7", "1 +AGE- 1"),
        (b"=?utf-8?q?a?= \xe1", "windows-1251", "a б"),
    ],
)
def test_raw_text_is_in_the_charset_of_the_body(value: bytes, charset: str | None, expected: str) -> None:
    assert decode_words(value, charset) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"=?utf-8?q?Gr\xc3\xb6=C3=9Fe?=", "Größe"),
        (b"=?iso-8859-1?q?Gr\xf6\xdfe?=", "Größe"),
        (b"=?koi8-r?q?\xcf=CB?=", "ок"),
        (b"=?utf-8?b?R3LDtsOf\xffZQ==?=", "Größe"),
    ],
)
def test_raw_bytes_in_encoded_words_are_taken_as_they_are(value: bytes, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ("", {})),
        ("Text/HTML", ("text/html", {})),
        ('text/plain; Charset="UTF-8"', ("text/plain", {"charset": "UTF-8"})),
        ("text/plain (a (nested) comment); charset=utf-8 (so it is)", ("text/plain", {"charset": "utf-8"})),
        ("(first) text/plain", ("text/plain", {})),
        ('m/m; boundary="a;b(c)\\"d"', ("m/m", {"boundary": 'a;b(c)"d'})),
        ("m/m; boundary=a=b", ("m/m", {"boundary": "a=b"})),
        ("m/m boundary=ab", ("m/m", {"boundary": "ab"})),
        ("text / plain", ("text/ plain", {})),
        ("m/m; boundary*0=a; boundary*1=b", ("m/m", {"boundary": "ab"})),
        ("m/m; boundary*1=b; boundary*0=a", ("m/m", {"boundary": "ab"})),
        ("t/p; charset*=us-ascii'en'utf-8", ("t/p", {"charset": "utf-8"})),
        ("t/p; name*0*=utf-8''%C3; name*1*=%BC", ("t/p", {"name": "ü"})),
        ("t/p; name*=utf-8''%C", ("t/p", {"name": "%C"})),
        ("t/p; name*=", ("t/p", {"name": ""})),
        ("t/p; name*0*", ("t/p", {})),
        ("t/p; ;;=; x", ("t/p", {"": ""})),
        ('t/p; a="open; b=c', ("t/p", {"a": "open; b=c"})),
        ("t/p; a=1; a=2", ("t/p", {"a": "1"})),
        ("t/p)(; a=1", ("t/p", {})),
    ],
)
def test_parameters_are_found(value: str, expected: tuple[str, dict[str, str]]) -> None:
    assert parse_parameters(value) == expected


@given(st.text(alphabet="ab;=*'\"\\()%01 \r\n\xff", max_size=60))
def test_no_value_is_too_broken(value: str) -> None:
    parse_parameters(value)
    decode_words(value.encode("latin-1"))
