from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.domain.output import (
    FIRST_LINE,
    decode_output,
    first_line,
    first_line_of,
    last_line_of,
    shown_body,
    visible,
    whole_characters,
)
from tests.hcserver.storage.contract.records import a_ping


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("a\0b\x07\x1b", "a\u2400b\u2407\u241b"),
        ("evil\u202etxt.exe\u2066", "evil\ufffdtxt.exe\ufffd"),
        ("tab\tstays, and so does ü", "tab\tstays, and so does ü"),
        ("a\u2028b\x85c", "a\nb\ufffdc"),
    ],
)
def test_every_character_can_be_seen(written: str, seen: str) -> None:
    assert visible(written) == seen


def test_a_body_that_is_no_text_is_text_all_the_same() -> None:
    assert decode_output(b"\xef\xbb\xbfok \xff") == "ok \ufffd"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("", ""),
        ("\n \t\n  rsync:   error\nmore", "rsync: error"),
        ("\0", "\u2400"),
        ("x" * 300, "x" * (FIRST_LINE - 1) + "…"),
        ("x" * FIRST_LINE, "x" * FIRST_LINE),
        ("\n" * 5000 + "too far", ""),
    ],
)
def test_the_first_line_is_one_that_says_anything(written: str, line: str) -> None:
    assert first_line(written) == line
    assert first_line_of(written.encode()) == line


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("", ""),
        ("one\n  disk   full \r\n\n", "disk full"),
        ("x" * 5000, "x" * (FIRST_LINE - 1) + "…"),
        ("one\n" * 5000 + "last", "last"),
    ],
)
def test_the_last_line_is_one_that_says_anything(written: str, line: str) -> None:
    assert last_line_of(written.encode()) == line


@given(st.text(max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_no_character_is_cut_at_the_edges_of_what_is_kept(text: str, before: int, after: int) -> None:
    whole = text.encode("utf-8", "replace")
    kept = whole[before : max(len(whole) - after, before)]
    shown = whole_characters(kept, cut_before=before > 0, cut_after=after > 0)
    assert shown.decode() in text
    assert len(kept) - len(shown) <= 6


@pytest.mark.parametrize("body", [b"", b"\x80" * 10, b"\xff", b"\xfc\x80\x80", "ü€😀".encode()])
def test_what_was_not_cut_stays_byte_for_byte(body: bytes) -> None:
    assert whole_characters(body, cut_before=False, cut_after=False) == body


def test_a_body_is_shown_without_the_characters_that_were_cut() -> None:
    euro = "€".encode()
    assert shown_body(a_ping(uuid4(), 1, body=euro[1:] + b"x" + euro[:2], cut_before=1)) == b"x" + euro[:2]
    assert shown_body(a_ping(uuid4(), 1, body=euro[1:] + b"x" + euro[:2], cut_after=1)) == euro[1:] + b"x"
    assert shown_body(a_ping(uuid4(), 1)) == b""
