from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.mime.header import Header
from hcserver.mime.parts import Part, split_message
from hcserver.mime.work_limit import TooCostly, WorkLimit

MESSAGE = b"Content-Type: message/rfc822\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\n\n"


def parts(raw: bytes, max_steps: int | None = None) -> list[Part]:
    return [item for item in split_message(raw, WorkLimit(max_steps)) if isinstance(item, Part)]


def bodies(raw: bytes) -> list[tuple[str, bytes]]:
    return [(part.type, part.data().strip()) for part in parts(raw)]


def test_a_message_without_parts_is_one_part() -> None:
    assert bodies(b"Subject: x\n\nbody") == [("text/plain", b"body")]
    assert bodies(b"") == [("text/plain", b"")]


def test_parts_come_in_order_without_what_is_before_and_behind_them() -> None:
    raw = MIXED + b"before\n--b\n\none\n--b\nContent-Type: Text/HTML\n\ntwo\n--b--\nbehind"
    assert bodies(raw) == [("text/plain", b"one"), ("text/html", b"two")]


def test_multiparts_may_be_nested_and_left_open() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--c\n\ntwo\n"
    raw = MIXED + b"--b\n" + inner + b"--b\n\nthree"
    found = parts(raw)
    assert [part.data().strip() for part in found] == [b"one", b"two", b"three"]
    branches = [None if part.alternative is None else part.alternative[1] for part in found]
    assert branches == [1, 2, None]


def test_a_message_in_a_message_has_its_own_header_and_parts() -> None:
    raw = MIXED + b"--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ntext\n--b--\n"
    items = list(split_message(raw, WorkLimit(None)))
    assert [item.subject() for item in items if isinstance(item, Header)] == ["", "inner"]
    assert bodies(raw) == [("text/plain", b"text")]


def test_a_multipart_whose_boundary_never_comes_is_text() -> None:
    assert bodies(MIXED + b"all of it") == [("text/plain", b"all of it")]


@pytest.mark.parametrize("boundary", [b"", b'""', b"x" * 2000])
def test_a_multipart_without_a_usable_boundary_is_text(boundary: bytes) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=" + boundary + b"\n\nbody"
    assert bodies(raw) == [("text/plain", b"body")]


def test_attachments_are_marked_but_the_message_is_none() -> None:
    attached = b"Content-Disposition: attachment; filename=a\n\n"
    assert [part.attached for part in parts(MIXED + b"--b\n" + attached + b"x\n--b--")] == [True]
    assert [part.attached for part in parts(attached + b"x")] == [False]


def test_work_is_counted_part_by_part() -> None:
    raw = MIXED + b"--b\n\nx\n" * 1000
    assert len(parts(raw)) == 1000
    with pytest.raises(TooCostly):
        parts(raw, max_steps=1000)


@given(
    st.lists(st.sampled_from([MIXED, b"--b\n", b"--b--\n", b"\n", b"Content-Type: message/rfc822\n", b"x\n"]))
)
def test_no_message_raises_anything_else(pieces: list[bytes]) -> None:
    with suppress(TooCostly):
        for part in parts(b"".join(pieces), max_steps=10_000):
            assert 0 <= part.start <= part.end
