from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hcserver.notify.plain_text import first_lines, one_line


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text, 20)
    assert len(line) <= 20
    assert len(line.splitlines()) <= 1
    line.encode()


def test_a_long_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("a b  c", 5) == "a b c"
    assert one_line("a b c d", 5) == "a b …"


def test_controls_and_marks_of_direction_are_removed() -> None:
    assert one_line("a\0b\u202ec\ud800d\n\te") == "a b c d e"
    assert first_lines("a\0\u202eb\ud800c\td", 1, 100) == "abc\td"


def test_the_first_lines_are_bounded_in_lines_and_characters() -> None:
    text = "\r\n one \r two\n\nthree"
    assert first_lines(text, 2, 100) == "one \n two"
    assert first_lines(text, 9, 100) == "one \n two\n\nthree"
    assert first_lines(text, 9, 6) == "one"
