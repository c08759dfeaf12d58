from __future__ import annotations

import contextlib
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hcserver.mime.message import read, read_subject
from hcserver.mime.work_limit import TooCostly
from hcserver.services.classification.examination import INLINE_BYTES, INLINE_STEPS
from tests.cpu_time import cpu_seconds


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


MULTIPART = "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"


def text(raw: bytes) -> str:
    return " ".join(read(raw).text.split())


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_plain_message_is_its_subject_and_its_body(newline: str) -> None:
    raw = "From: a@b\nSUBJECT: Backup\n of server\n\t7\nX-Y: y\n\nAll\nis well.\n".replace(
        "\n", newline
    ).encode()
    mail = read(raw)
    assert mail.subject == "Backup of server\t7"
    assert mail.text == "All\nis well.\n"


@pytest.mark.parametrize(
    ("raw", "subject", "body"),
    [
        (b"", "", ""),
        (b"\r\n", "", ""),
        (b"\r\nbody", "", "body"),
        (b"body without any header\r\n", "", "body without any header"),
        (b"Subject: only this", "only this", ""),
        (b"Subject:x\r\nno header, so body\r\n", "x", "no header, so body"),
        (b"Subject: x\r\nSubject: y\r\n\r\n", "x", ""),
        (b"From nas Mon Jan 1\nSubject: x\n\nb", "x", "b"),
        (b"\xef\xbb\xbfSubject: x\n\nb", "x", "b"),
        (b" odd first line\nSubject: x\n\nb", "", "odd first line Subject: x b"),
        (b"Subject : x\n\nb", "x", "b"),
        (b"Subject: =?utf-8?b?w7w=?=\n\nb", "ü", "b"),
        (b"Sub\0ject: x\nb", "", "Subject: x b"),
    ],
)
def test_headers_of_all_qualities(raw: bytes, subject: str, body: str) -> None:
    assert read(raw).subject == subject
    assert text(raw) == body


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("Content-Type: text/plain; charset=iso-8859-1", b"Gr\xf6\xdfe", "Größe"),
        ("Content-Type: TEXT/PLAIN; CHARSET=ISO-8859-1", b"Gr\xf6\xdfe", "Größe"),
        ("Content-Type: text/plain (plain); charset=utf-8 (Unicode)", "Größe".encode(), "Größe"),
        ("Content-Type: text/plain; charset*=us-ascii'en", "Größe".encode(), "Größe"),
        ('Content-Type: text/plain; charset="', "Größe".encode(), "Größe"),
        ("Content-Type: text", b"x", "x"),
        ("Content-Type: ", b"x", "x"),
        ("Content-Type: ;;;", b"x", "x"),
        ("Content-Type: plain/text", b"x", "x"),
        ("Content-Type: text/html", b"<p>a<p>b", "a b"),
        ("Content-Type: text/html charset=utf-8", "<p>ü".encode(), "ü"),
        ("Content-Type: text/html; charset=nonsense", "<meta charset=koi8-r>ок".encode("koi8-r"), "ок"),
        ("Content-Type: text/html", "<meta charset=windows-1251>Ошибка".encode("cp1251"), "Ошибка"),
        ("Content-Type: application/pdf", b"x", ""),
        ("Content-Type: text/csv", b"x", "x"),
        ("Content-Type: text/css", b"x", ""),
        ("Content-Disposition: attachment", b"x", "x"),
        ("Content-Transfer-Encoding: base64 (of course)", b"QmFja3Vw", "Backup"),
        ("Content-Transfer-Encoding: BASE64", b"QmFja3Vw", "Backup"),
        ("Content-Transfer-Encoding: (hm) Quoted-Printable", b"Back=75p", "Backup"),
        ("Content-Transfer-Encoding: 8bit", b"=75", "=75"),
        ("Content-Type: multipart/mixed", b"--x\n\nBackup", "--x Backup"),
        ("Content-Type: multipart/mixed; boundary=b", b"Backup\n--b--\n", "Backup"),
        ("Content-Type: text/plain, charset=utf-8", b"Backup", "Backup"),
        (
            "Content-Type: text/html; charset=us-ascii",
            "<meta charset=windows-1251><p>Ошибка".encode("cp1251"),
            "Ошибка",
        ),
        ("Content-Type: multipart/mixed; boundary=", b"--\n\nBackup", "-- Backup"),
        ("Content-Type: multipart/mixed; boundary=wrong", b"--x\n\nBackup\n--x--", "--x Backup --x--"),
    ],
)
def test_bodies_of_all_qualities(head: str, body: bytes, expected: str) -> None:
    assert text(head.encode() + b"\n\n" + body) == expected


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Subject: \xf6\nContent-Type: text/plain; charset=iso-8859-2\n\n", "ö"),
        (b"Subject: \xb1\nContent-Type: text/plain; charset=iso-8859-2\n\n", "ą"),
        ("Subject: 失敗\nContent-Type: text/plain; charset=iso-2022-jp\n\n".encode("iso-2022-jp"), "失敗"),
    ],
)
def test_a_raw_subject_is_in_the_charset_of_the_body(raw: bytes, subject: str) -> None:
    assert read(raw).subject == subject
    assert read_subject(raw, 1000, 1000) == subject


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ("Result: FAILED\nDisk: sda\n", "Result: FAILED Disk: sda"),
        ("Result: FAILED\nDisk: sda\n\nGoodbye\n", "Result: FAILED Disk: sda Goodbye"),
        ("Result: FAILED\nLast-Run: today\nDate: today\n", "Result: FAILED Last-Run: today Date: today"),
        ("Foo: bar\nX-Mailer: nas\n\nbody", "body"),
        ("Foo: bar\nContent-Type: text/plain\n\nbody", "body"),
        ("Foo: bar\n baz\nMIME-Version: 1.0\nbody", "body"),
        ("Content-Transfer-Encoding: base64\nFoo: bar\n\nQmFja3Vw", "Backup"),
        ("Content-Type: multipart/mixed; boundary=b\nFoo: bar\n\n--b\n\nx", "x"),
        ("X-Foo: bar\n\nbody", "body"),
    ],
)
def test_a_body_without_an_empty_line_before_it_is_searched(lines: str, body: str) -> None:
    raw = b"Subject: s\nDate: now\n" + lines.encode()
    assert read(raw).subject == "s"
    assert text(raw) == body
    assert text(raw.replace(b"\n", b"\r\n")) == body


def part(head: str, body: str) -> str:
    return f"--b\nContent-Type: {head}\n\n{body}\n"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([part("text/markdown", "*failed*")], "*failed*"),
        ([part("text/markdown", "*a*"), part("text/plain", "b")], "b"),
        ([part("text/plain", "b"), part("text/calendar", "c")], "b"),
        ([part("text/html", "<p>a"), part("text/x-log", "b")], "a b"),
        ([part("text/csv\nContent-Disposition: attachment", "a")], ""),
        ([part("text/css", "a"), part("text/javascript", "b")], ""),
        (
            [part("text/csv", "a"), part("multipart/alternative; boundary=c", "--c\n\nb\n--c--")],
            "b a",
        ),
    ],
)
def test_other_text_is_searched_where_there_is_no_plain_text(parts: list[str], expected: str) -> None:
    assert text((MULTIPART + "".join(parts) + "--b--\n").encode()) == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("format=flowed", "Backup \nfailed\n", "Backup failed"),
        ("Format=Flowed; DelSp=Yes", "Back \nup \nfailed\n", "Backupfailed"),
        ("delsp=yes", "Back \nup\n", "Back up"),
    ],
)
def test_flowed_paragraphs_are_put_together(head: str, body: str, expected: str) -> None:
    for newline in ("\n", "\r\n"):
        raw = f"Content-Type: text/plain; {head}\n\n{body}".replace("\n", newline).encode()
        assert text(raw) == expected


def test_every_readable_part_is_searched_wherever_it_is() -> None:
    raw = crlf(
        MULTIPART
        + """preamble
--b

first
--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain

second
--c
Content-Type: text/html

<p>third
--c--
between
--b
Content-Type: text/plain; name=log.txt
Content-Disposition: inline; filename=log.txt

fourth
--b
Content-Type: text/plain
Content-Disposition: attachment; filename=log.txt

attached
--b
Content-Type: image/png

picture
--b
text without any header
--b--
epilogue
"""
    )
    assert text(raw) == "first second third fourth text without any header"


def test_forwarded_messages_and_delivery_reports_are_searched() -> None:
    inner = "Subject: inner\nContent-Type: multipart/mixed; boundary=d\n\n--d\n\ndeep\n--d--\n"
    raw = crlf(
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nsorry\n--b\n"
        "Content-Type: message/delivery-status\n\nAction: failed\n--b\n"
        f"Content-Type: message/rfc822\n\n{inner}\n--b\n"
        "Content-Type: message/rfc822\nContent-Disposition: attachment\n\nSubject: x\n\nforwarded\n--b--\n"
    )
    assert text(raw) == "sorry inner deep x forwarded"


def test_an_encoded_message_inside_a_message_is_searched() -> None:
    raw = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + b"U3ViamVjdDogeAoKZGVlcA=="
    assert text(raw) == "x deep"


def test_the_parts_of_a_digest_are_messages() -> None:
    raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b\n\nSubject: y\n\ntwo"
    assert text(raw) == "x one y two"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("--b\n\ncut off", "cut off"),
        ("--b\n\none\n--b\n\ntwo", "one two"),
        ("--b  \n\none\n--b--\t\n", "one"),
        ("--b\n\none\n--bc\ntwo\n--b--", "one --bc two"),
        ("--b\n\none--b\n\ntwo\n--b--", "one--b two"),
        ("--b\n--b\n\none", "one"),
        ("--b", ""),
        ("--b--", ""),
        ("--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nin\n--b\n\nout\n--b--", "in out"),
        ("--b\nContent-Type: multipart/mixed; boundary=c\n\nno such\n--b\n\nout\n--b--", "no such out"),
        (
            "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsame\n--b--\n--b\n\nout\n--b--",
            "same out",
        ),
        ("--b\nContent-Type: multipart/mixed; boundary=b--\n\n--b--\n\nin\n--b----\n", "in"),
        ("--b\nContent-Type: text/plain\n--b\n\ntwo", "two"),
        ("--b\nContent-Type: message/rfc822\n--b\n\ntwo", "two"),
    ],
)
def test_boundaries_of_all_qualities(body: str, expected: str) -> None:
    assert text((MULTIPART + body).encode()) == expected
    assert text(crlf(MULTIPART + body)) == expected


def test_what_the_standard_library_writes_is_read() -> None:
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("forwarded text")
    message = EmailMessage()
    message["Subject"] = "Größe " * 20
    message.set_content("Der Größe nach\n" * 3, cte="quoted-printable")
    message.add_alternative("<p>Der <b>Grö</b>ße nach", subtype="html", cte="base64")
    message.add_attachment("attached text")
    message.add_attachment(b"\0\1", maintype="application", subtype="octet-stream")
    message.add_attachment(inner)
    mail = read(message.as_bytes())
    assert mail.subject == ("Größe " * 20).strip()
    assert " ".join(mail.text.split()) == "Der Größe nach " * 4 + "inner forwarded text"


HEADER = b"Content-Type: multipart/mixed; boundary=b\n\n"
NASTY = {
    "parts": HEADER + b"--b\n\nx\n" * 10_000,
    "empty parts": HEADER + b"--b\n" * 20_000,
    "html parts": HEADER + b"--b\nContent-Type: text/html\n\n<p>x\n" * 1_000,
    "charsets": HEADER
    + b"".join(b"--b\nContent-Type: text/plain; charset=x%d\n\n\xe9\n" % n for n in range(2_000)),
    "nesting": b"".join(b"Content-Type: multipart/x; boundary=%d\n\n--%d\n" % (n, n) for n in range(5_000)),
    "same boundary": (HEADER + b"--b\n") * 5_000,
    "messages": b"Content-Type: message/rfc822\n\n" * 10_000,
    "encoded messages": b"Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n"
    * 5_000,
    "false boundaries": HEADER + b"--\n" * 100_000,
    "one line": b"\n" + b"x" * 10_000_000,
    "short lines": b"\n" + b"x\n" * 3_000_000,
    "subject": b"Subject: " + b"x" * 2_700_000 + b"\n\n",
    "encoded subject": b"Subject: " + b"=?utf-8?q?x?= " * 50_000 + b"\n\n",
    "half-encoded subject": b"Subject: " + b"=?a?q?" * 300_000 + b"\n\n",
    "folded subject": b"Subject: " + b"x\n " * 200_000 + b"\n\n",
    "header fields": b"X:\n" * 300_000 + b"\n",
    "parameters": b"Content-Type: text/plain" + b"; a=b" * 500_000 + b"\n\n",
    "comments": b"Content-Type: " + b"(" * 1_000_000 + b"\n\n",
    "quotes": b"Content-Type: " + b'"\\' * 500_000 + b"\n\n",
    "padding": b"Content-Transfer-Encoding: base64\n\n" + b"QQ=" * 300_000,
    "NULs": b"\0" * 3_000_000,
}


@pytest.mark.parametrize("raw", NASTY.values(), ids=NASTY.keys())
def test_time_is_linear_in_the_message(raw: bytes) -> None:
    assert cpu_seconds(lambda: read(raw)) < 5


@pytest.mark.parametrize("raw", NASTY.values(), ids=NASTY.keys())
def test_with_a_limit_reading_takes_milliseconds(raw: bytes) -> None:
    def work() -> None:
        with contextlib.suppress(TooCostly):
            read(raw[:INLINE_BYTES], INLINE_STEPS)

    # It takes some 20 ms, and several times as long where coverage is measured on a busy machine.
    assert cpu_seconds(work, attempts=3) < 0.4


def test_what_takes_more_steps_than_allowed_is_not_read() -> None:
    assert read(MULTIPART.encode() + b"--b\n\nx\n" * 10, 5000).text
    with pytest.raises(TooCostly):
        read(MULTIPART.encode() + b"--b\n\nx\n" * 1000, 5000)


def test_the_subject_alone_is_had_from_the_beginning_of_a_message() -> None:
    assert read_subject(b"Subject: x\n\n" + b"y" * 100, 20, 100) == "x"
    assert read_subject(b"Subject: xxxxxxxxx\n\n", 10, 100) is None
    assert read_subject(b"Subject: x", 10, 100) == "x"
    with pytest.raises(TooCostly):
        read_subject(b"A: b\n" * 100, 10_000, 100)


PIECES = (
    b'--b|--b--|--c|\n|\r\n|\r|:|;| |\t|x|\0|\xff|<p|>|&|=?utf-8?q?|?=|=|"|(|Subject:|Content-Type:|'
    b"multipart/mixed|message/rfc822|text/html|text/plain|boundary=b|boundary*0*=c|charset=utf-16|charset=utf-7|attachment|"
    b"Content-Transfer-Encoding:|base64|quoted-printable|x-uuencode|begin 644 x|Content-Disposition:|"
    b"text/csv|format=flowed|delsp=yes|multipart/alternative|Result:|iso-2022-jp|\x1b$B|\x1b$)C|&#|"
)
pieces = st.sampled_from(PIECES.split(b"|"))


@settings(max_examples=300)
@given(st.lists(pieces, max_size=40).map(b"".join))
@example(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n--b")
def test_no_message_is_too_broken(raw: bytes) -> None:
    mail = read(raw)
    mail.text.encode()
    mail.subject.encode()
    assert "\n" not in mail.subject
    assert "\0" not in mail.subject + mail.text
