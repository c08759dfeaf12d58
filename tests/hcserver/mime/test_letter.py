from __future__ import annotations

import time

import pytest

from hcserver.mime import letter as letter_module
from hcserver.mime.letter import Attachment, header_fields, read_html, read_letter

MAIL = b"""\
From: a@example.org
Subject: =?utf-8?b?R3LDvMOfZQ==?=
 and more
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain

the text
--c
Content-Type: text/html; charset=utf-8

<p>caf\xc3\xa9</p>
--c--
--b
Content-Type: application/pdf; name="named.pdf"
Content-Transfer-Encoding: base64

AAAABBBB
--b
Content-Type: text/plain
Content-Disposition: attachment; filename="r\xc3\xa9port.txt"

four
--b--
"""


def test_a_mail_is_taken_apart() -> None:
    letter = read_letter(MAIL)
    assert letter.headers[:2] == [("From", "a@example.org"), ("Subject", "Grüße and more")]
    assert letter.text == "the text"
    assert letter.has_html
    assert letter.attachments == [
        Attachment(name="named.pdf", type="application/pdf", size=6),
        Attachment(name="réport.txt", type="text/plain", size=4),
    ]


def test_the_html_is_made_safe() -> None:
    assert (read_html(MAIL) or "").strip() == "<p>café</p>"
    assert read_html(b"Subject: x\n\ntext") is None


@pytest.mark.parametrize(
    "raw", [b"", b"\0" * 50, b"\xff\xfe", b": x\n\n", b"Content-Type: text/html", b"--\n" * 99]
)
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    read_letter(raw)
    read_html(raw)


def test_what_is_shown_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_module, "MAX_FIELDS", 2)
    monkeypatch.setattr(letter_module, "MAX_VALUE", 10)
    monkeypatch.setattr(letter_module, "MAX_ATTACHMENTS", 1)
    raw = b"X-A: " + b"x" * 100 + b"\nX-B: 2\nX-C: 3\n\n"
    assert header_fields(raw) == [("X-A", "x" * 10), ("X-B", "2")]
    assert len(read_letter(MAIL).attachments) == 1


def test_the_name_of_an_attachment_can_be_in_any_script() -> None:
    raw = b"Content-Type: application/x; name*=utf-8''%D1%84.bin\n\nx"
    assert [one.name for one in read_letter(raw).attachments] == ["ф.bin"]


@pytest.mark.parametrize("line", [b"X-Field: value\n", b" folded\n", b"=?utf-8?q?a?= "])
def test_a_huge_header_takes_no_longer_than_its_length(line: bytes) -> None:
    start = time.process_time()
    header_fields(b"Subject: x\n" + line * 500_000)
    assert time.process_time() - start < 30
