from __future__ import annotations

import pytest

from handlers.api.query import MAX_PAGE, read_limit, read_number_cursor
from hcserver.errors import InvalidRequest


def test_a_list_without_a_limit_is_whole() -> None:
    assert read_limit({}) is None
    assert read_limit({"limit": ["1", str(MAX_PAGE)]}) == MAX_PAGE


@pytest.mark.parametrize("text", ["", "0", "-1", "1.0", str(MAX_PAGE + 1), "9" * 5000])
def test_a_limit_that_no_page_can_have_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="limit is not a number from 1 to 1000"):
        read_limit({"limit": [text]})


def test_an_empty_cursor_is_the_beginning() -> None:
    assert read_number_cursor({}) is read_number_cursor({"after": [""]}) is None
    assert read_number_cursor({"after": ["12"]}) == 12
    with pytest.raises(InvalidRequest, match="after is not a number"):
        read_number_cursor({"after": ["x"]})
