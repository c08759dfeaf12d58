from __future__ import annotations

import pytest

from hcserver.domain.output import FIRST_LINE, decode_output, first_line, first_line_of, visible


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
