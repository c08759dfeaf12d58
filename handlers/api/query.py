"""What the query of a list may ask for: a page of it."""

from __future__ import annotations

from hcserver.validation.query import Query, number

MAX_PAGE = 1000
MAX_CURSOR = 10**11


def read_limit(query: Query) -> int | None:
    """?limit=, if there is one. Raises InvalidRequest."""
    return number(query, "limit", 1, MAX_PAGE)


def read_number_cursor(query: Query) -> int | None:
    """?after= of a list that is ordered by a number. Raises InvalidRequest."""
    return number(query, "after", 0, MAX_CURSOR) if query.get("after", [""])[-1] else None
