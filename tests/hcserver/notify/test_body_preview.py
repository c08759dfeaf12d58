from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.notify.body_preview import MAX_CHARACTERS, MAX_LINES, excerpt, one_line
from tests.hcserver.notify.alert_messages import ping


def mail(header: str, body: bytes) -> str:
    return excerpt(ping(scheme="email", body=header.encode().replace(b"\n", b"\r\n") + b"\r\n\r\n" + body))


def test_without_a_body_there_is_nothing() -> None:
    assert (
        excerpt(None)
        == excerpt(ping(body=None))
        == excerpt(ping(body=b""))
        == excerpt(ping(body=b" \n"))
        == ""
    )


def test_a_short_body_is_shown_whole() -> None:
    assert excerpt(ping(body=b"\n  a\r\n\tb\rc\n\n")) == "a\n\tb\nc"


def test_a_long_body_is_cut_and_says_so() -> None:
    assert excerpt(ping(body=b"x" * 100_000)) == "x" * MAX_CHARACTERS + "…"
    assert excerpt(ping(body=b"x\n" * 100)) == "\n".join(["x"] * MAX_LINES) + "…"


def test_a_body_of_which_only_the_head_was_read_says_so() -> None:
    assert excerpt(ping(body=b"abc", body_size=1000)) == "abc…"


def test_what_is_no_text_does_no_harm() -> None:
    assert excerpt(ping(body=b"a\0\x1b[31mb\xff\xe2\x80\xaec")) == "a[31mb�c"


@pytest.mark.parametrize(
    ("header", "body", "shown"),
    [
        ("Subject: x", b"plain", "plain"),
        ("Content-Type: text/plain; charset=iso-8859-1", b"\xfc", "ü"),
        ('content-type: Text/Plain;\n charset="windows-1252"', b"\x80", "€"),
        ("Content-Type: text/plain; charset=utf8mb4", "ü".encode(), "ü"),
        ("Content-Type: text/plain; charset=base64", "ü".encode(), "ü"),
        ("Content-Type: text/plain; charset=idna", "ü".encode(), "ü"),
        ("Content-Transfer-Encoding: quoted-printable", b"a=\r\nb=3D=C3=BC=", "ab=ü"),
        ("Content-Transfer-Encoding: BASE64", base64.b64encode("disk fü".encode()), "disk fü"),
        ("Content-Transfer-Encoding: base64", base64.b64encode(b"abcdef")[:-1], "abc"),
        ("Content-Transfer-Encoding: base64", b"\xff====", ""),
        ("Content-Type: text/html", b"<p>x", ""),
        ("Content-Type: multipart/mixed; boundary=b", b"--b\r\n\r\nx", ""),
        ("Content-Type:", b"x", ""),
    ],
)
def test_an_email_shows_its_text_without_its_header(header: str, body: bytes, shown: str) -> None:
    assert mail(header, body) == shown


@given(st.binary(), st.sampled_from(["email", "http"]))
def test_any_bytes_give_text_that_can_be_sent(body: bytes, scheme: str) -> None:
    text = excerpt(ping(body=body, scheme=scheme))
    text.encode()
    assert len(text) <= MAX_CHARACTERS + 1


@given(
    st.text(max_size=30), st.sampled_from(["7bit", "base64", "quoted-printable", "x"]), st.binary(max_size=60)
)
def test_any_header_of_an_email_does(charset: str, encoding: str, body: bytes) -> None:
    mail(f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}", body).encode()


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text, 20)
    assert len(line) <= 20
    assert len(line.splitlines()) <= 1
    line.encode()
