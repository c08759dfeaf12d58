from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.notify.body_preview import MAX_CHARACTERS, MAX_LINES, body_preview, readable_body
from tests.cpu_time import cpu_seconds
from tests.hcserver.notify.alert_messages import ping


def mail(header: str, body: bytes) -> str:
    raw = header.encode().replace(b"\n", b"\r\n") + b"\r\n\r\n" + body
    return body_preview(ping(scheme="email", body=raw))


def test_without_a_body_there_is_nothing() -> None:
    assert (
        body_preview(None)
        == body_preview(ping(body=None))
        == body_preview(ping(body=b""))
        == body_preview(ping(body=b" \n"))
        == ""
    )


def test_a_short_body_is_shown_whole() -> None:
    assert body_preview(ping(body=b"\n  a\r\n\tb\rc\n\n")) == "a\n\tb\nc"


def test_a_long_body_is_cut_and_says_so() -> None:
    assert body_preview(ping(body=b"x" * 100_000)) == "x" * MAX_CHARACTERS + "…"
    assert body_preview(ping(body=b"x\n" * 100)) == "\n".join(["x"] * MAX_LINES) + "…"


def test_a_body_of_which_only_the_head_was_read_says_so() -> None:
    assert body_preview(ping(body=b"abc", body_size=1000)) == "abc…"


def test_a_body_whose_end_is_not_kept_says_so() -> None:
    assert body_preview(ping(body="abü".encode()[:-1], cut_after=5)) == "ab…"


def test_of_a_body_without_its_beginning_the_last_lines_are_shown() -> None:
    assert (
        body_preview(ping(body="ü".encode()[1:] + b" not kept\nlast\n", cut_before=5)) == "…\nnot kept\nlast"
    )
    assert body_preview(ping(body=b"x\n" * 100 + b"y", cut_before=5)) == "…\n" + "x\n" * (MAX_LINES - 1) + "y"
    assert body_preview(ping(body=b"x" * 10_000, cut_before=5)) == "…\n" + "x" * MAX_CHARACTERS
    assert body_preview(ping(body=b" \n", cut_before=5)) == ""
    assert readable_body(ping(body="ü".encode() * 100, cut_before=5), 10) == "ü" * 10
    assert readable_body(ping(body="€".encode() * 100 + b"x", cut_before=5), 10) == "€" * 9 + "x"


def test_what_is_no_text_does_no_harm() -> None:
    assert body_preview(ping(body=b"a\0\x1b[31mb\xff\xe2\x80\xaec")) == "a[31mb�c"


@pytest.mark.parametrize(
    ("header", "body", "shown"),
    [
        ("Subject: x", b"plain", "plain"),
        ("Content-Type: text/plain; charset=iso-8859-1", b"\xfc", "ü"),
        ('content-type: Text/Plain;\n charset="windows-1252"', b"\x80", "€"),
        ("Content-Type: text/plain; charset=us-ascii", "fü".encode(), "fü"),
        ("Content-Type: text/plain", b"f\xfcr", "für"),
        ("Content-Transfer-Encoding: quoted-printable", b"a=\r\nb=3D=C3=BC=", "ab=ü"),
        ("Content-Transfer-Encoding: BASE64", base64.b64encode("disk fü".encode()), "disk fü"),
        ("Content-Type: text/html", b"<style>p {}</style><p>disk <b>full</b>", "disk full"),
        ("Content-Type: multipart/mixed; boundary=b", b"--b\r\n\r\ndisk full\r\n--b--", "disk full"),
        ("Subject: x", b"", ""),
    ],
)
def test_an_email_shows_its_text_without_its_header(header: str, body: bytes, shown: str) -> None:
    assert mail(header, body) == shown


def test_a_costly_email_is_read_in_bounded_time() -> None:
    parts = b"".join(b"--b\r\n\r\nx\r\n" for _ in range(100_000))
    assert cpu_seconds(lambda: mail("Content-Type: multipart/mixed; boundary=b", parts)) < 1


def test_a_readable_body_is_whole_up_to_its_limit() -> None:
    assert readable_body(None, 10) == readable_body(ping(body=None), 10) == ""
    assert readable_body(ping(body="ü".encode() * 100), 10) == "ü" * 10
    assert readable_body(ping(scheme="email", body=b"Subject: x\r\n\r\nabcdef"), 3) == "abc"
    assert len(readable_body(ping(body=b"x\n" * 5000), 100_000)) == 10_000


@given(st.binary(), st.sampled_from(["email", "http"]))
def test_any_bytes_give_text_that_can_be_sent(body: bytes, scheme: str) -> None:
    text = body_preview(ping(body=body, scheme=scheme))
    text.encode()
    assert len(text) <= MAX_CHARACTERS + 1


@given(
    st.text(max_size=30), st.sampled_from(["7bit", "base64", "quoted-printable", "x"]), st.binary(max_size=60)
)
def test_any_header_of_an_email_does(charset: str, encoding: str, body: bytes) -> None:
    mail(f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}", body).encode()
