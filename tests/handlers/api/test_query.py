from __future__ import annotations

import pytest

from handlers.api.query import MAX_PAGE, read_limit, read_number_cursor
from hcserver.errors import InvalidRequest


def test_a_page_has_from_one_to_a_thousand_entries() -> None:
    assert read_limit({}) is None
    assert read_limit({"limit": ["1"]}) == 1
    assert read_limit({"limit": ["5", str(MAX_PAGE)]}) == MAX_PAGE
    for limit in ("0", "1001", "-1", "x", "", "1.0", "١"):
        with pytest.raises(InvalidRequest, match="limit is not a number from 1 to 1000"):
            read_limit({"limit": [limit]})


def test_an_empty_cursor_is_the_beginning() -> None:
    assert read_number_cursor({}) is None
    assert read_number_cursor({"after": [""]}) is None
    assert read_number_cursor({"after": ["7", "0"]}) == 0
    for after in ("x", "-1", "1e3", "9" * 12):
        with pytest.raises(InvalidRequest, match="after is not a number"):
            read_number_cursor({"after": [after]})
