from __future__ import annotations

import pytest

from hcserver.mime.header import MAX_STRUCTURED, Header, read_header


def header_of(raw: bytes, start: int = 0) -> Header:
    return read_header(raw, start, lambda at, end: raw.startswith(b"--b", at), lambda steps: None)


def test_only_the_first_field_of_a_name_counts_and_is_unfolded() -> None:
    raw = b"Subject: one\r\n two\r\n\tthree\r\nX-Other: x\r\n more\r\nSUBJECT: second\r\n\r\nbody"
    found = header_of(raw)
    assert found.subject() == "one two\tthree"
    assert raw[found.body :] == b"body"
    assert b"x-other" not in found.fields


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"\nbody", b"body"),
        (b"Subject: x\n\nbody", b"body"),
        (b"Subject: x\nno field\nbody", b"no field\nbody"),
        (b"Result: failed\nat: 3\n", b"Result: failed\nat: 3\n"),  # a text without a header
        (b"Subject: x\nResult: failed\n\nbody", b"Result: failed\n\nbody"),
        (b"Result: x\nX-Mailer: y\n\nbody", b"body"),
        (b"From nas Mon Jan 1\nSubject: x\n\nbody", b"body"),
        (b"Subject: x", b""),
    ],
)
def test_the_body_begins_where_the_header_ends_or_where_a_text_can_not_be_a_header(
    raw: bytes, body: bytes
) -> None:
    assert raw[header_of(raw).body :] == body


def test_a_delimiter_before_the_empty_line_cuts_the_header() -> None:
    raw = b"Subject: x\n--b\n\nnext part"
    found = header_of(raw)
    assert found.cut
    assert raw[found.body :].startswith(b"--b")


def test_a_subject_in_raw_bytes_is_in_the_charset_of_the_body() -> None:
    raw = b"Content-Type: text/plain; charset=iso-8859-2\nSubject: \xb3\xf3d\xbc\n\n"
    assert header_of(raw).subject() == "łódź"


def test_of_a_field_with_parameters_only_so_much_is_read() -> None:
    raw = b"Content-Type: text/plain; x=" + b"y" * MAX_STRUCTURED + b"; charset=utf-8\n\n"
    type, parameters = header_of(raw).parameters(b"content-type")
    assert type == "text/plain"
    assert "charset" not in parameters
    assert header_of(b"\n").parameters(b"content-type") == ("", {})


def test_every_line_is_counted_as_work() -> None:
    spent: list[int] = []
    read_header(b"A: b\n" * 100 + b"\n", 0, lambda at, end: False, spent.append)
    assert len(spent) == 101
