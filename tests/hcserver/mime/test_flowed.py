from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.mime.flowed import unflow


@pytest.mark.parametrize(
    ("text", "del_sp", "expected"),
    [
        ("", False, ""),
        ("fixed\nlines\n", False, "fixed\nlines\n"),
        ("one \nparagraph\n", False, "one paragraph\n"),
        ("one \nparagraph\n", True, "oneparagraph\n"),
        ("a \n\nb", False, "a \nb"),
        (" stuffed\n From", False, "stuffed\nFrom"),
        (">> a \n>> b\n> c \nd", False, ">> a b\n> c \nd"),
        ("text \n-- \nsignature", False, "text \n-- \nsignature"),
    ],
)
def test_lines_that_end_with_a_space_flow_into_the_next_one_of_the_same_depth(
    text: str, del_sp: bool, expected: str
) -> None:
    assert unflow(text, del_sp) == expected


@given(st.text(alphabet="> a-\n"), st.booleans())
def test_no_text_is_too_broken(text: str, del_sp: bool) -> None:
    assert unflow(text, del_sp).count("a") == text.count("a")
