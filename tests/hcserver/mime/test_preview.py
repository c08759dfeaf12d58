from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.mime.preview import readable_text
from tests.cpu_time import cpu_seconds
from tests.hcserver.mime.test_message import NASTY, pieces

LIMIT = 1000


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        ("", b"plain", "plain"),
        ("Content-Type: text/plain; charset=us-ascii", "Größe".encode(), "Größe"),
        ("", "Größe".encode("cp1252"), "Größe"),
        ("Content-Type: text/plain; charset=cp-850", "Größe".encode("cp850"), "Größe"),
        ("Content-Type: text/plain; charset=gb2312", "備份失敗".encode("gbk"), "備份失敗"),
        ("Content-Type: text/html", b"<h1>Backup</h1><p>disk <b>1</b><br>failed", "Backup\ndisk 1\nfailed"),
        ("Content-Type: text/html", b"<table><tr><td>a</td><td>b</td><tr><td>c", "a b\nc"),
        ("Content-Transfer-Encoding: base64", b"ZGlza/w=", "diskü"),
        ("", b"\r\n\r\none\r\n\r\n  two\r\n\r\n", "one\n\n  two"),
        ("Content-Type: image/png", b"x", ""),
    ],
)
def test_the_text_of_a_mail_is_shown_in_lines(head: str, body: bytes, text: str) -> None:
    raw = f"Subject: not included\n{head}\n\n".replace("\n\n\n", "\n\n").encode() + body
    assert readable_text(raw, LIMIT) == text


MIXED = """Subject: not included
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

{plain}
--a
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html

<p>html
--r--
--a--
--m
Content-Type: text/plain

second
--m
Content-Type: text/plain
Content-Disposition: attachment

attached
--m
Content-Type: message/rfc822

Subject: forwarded

third
--m--
"""


@pytest.mark.parametrize(("plain", "first"), [("plain", "plain"), (" ", "html")])
def test_of_alternatives_only_the_first_that_says_anything_is_shown(plain: str, first: str) -> None:
    raw = MIXED.format(plain=plain).encode()
    assert readable_text(raw, LIMIT) == f"{first}\nsecond\nforwarded\nthird"


def test_of_a_long_mail_no_more_than_the_beginning_is_shown() -> None:
    assert readable_text(b"\n" + b"x" * 1_000_000, 50) == "x" * 50
    assert readable_text(b"Content-Type: text/html\n\n" + b"<p>ab" * 100_000, 5) == "ab\nab"


def test_a_long_style_sheet_does_not_hide_the_text() -> None:
    style = b"<style>" + b"p { color: red }\n" * 2000 + b"</style>"
    assert readable_text(b"Content-Type: text/html\n\n" + style + b"<p>failed", LIMIT) == "failed"


@pytest.mark.parametrize("raw", NASTY.values(), ids=NASTY.keys())
def test_a_preview_takes_milliseconds_whatever_the_mail(raw: bytes) -> None:
    assert len(readable_text(raw, LIMIT)) <= LIMIT
    # It takes some 20 ms, and several times as long where coverage is measured on a busy machine.
    assert cpu_seconds(lambda: readable_text(raw, LIMIT), attempts=5) < 0.5


@settings(max_examples=300)
@given(st.lists(pieces, max_size=40).map(b"".join), st.integers(1, 50))
def test_no_mail_is_too_broken_for_a_preview(raw: bytes, limit: int) -> None:
    text = readable_text(raw, limit)
    text.encode()
    assert len(text) <= limit
