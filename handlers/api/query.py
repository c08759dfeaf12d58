"""What the query of a list may ask for: a page, moments, numbers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from hcserver.domain.clock import EPOCH
from hcserver.errors import InvalidRequest

MAX_PAGE = 1000
MAX_CURSOR = 10**11
_NUMBER = re.compile(r"[0-9]{1,11}")
_MAX_MOMENT = 10_000_000_000  # UNIX time, seconds

Query = dict[str, list[str]]


def read_limit(query: Query) -> int | None:
    """?limit=, if there is one. Raises InvalidRequest."""
    if "limit" not in query:
        return None
    return read_number("limit", query["limit"][-1], MAX_PAGE, lowest=1)


def read_number_cursor(query: Query) -> int | None:
    """?after= of a list that is ordered by a number. Raises InvalidRequest."""
    after = query.get("after", [""])[-1]
    return read_number("after", after, MAX_CURSOR) if after else None


def read_moment(query: Query, name: str) -> datetime | None:
    """A UNIX time in seconds. Raises InvalidRequest."""
    if name not in query:
        return None
    return EPOCH + timedelta(seconds=read_number(name, query[name][-1], _MAX_MOMENT))


def read_number(name: str, text: str, highest: int, lowest: int = 0) -> int:
    """Raises InvalidRequest for what is no number from `lowest` to `highest`."""
    if not _NUMBER.fullmatch(text) or not lowest <= int(text) <= highest:
        raise InvalidRequest(f"{name} is not a number from {lowest} to {highest}")
    return int(text)
