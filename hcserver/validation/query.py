"""Parameters in the query of a request's URL; of a repeated parameter the last value counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from hcserver.errors import InvalidRequest
from hcserver.validation import json_fields

Query = Mapping[str, Sequence[str]]

_DIGITS: Final = re.compile(r"[0-9]{1,11}")  # no number in a query has more
# In a query "+" stands for a blank (the form encoding), and clients send moments as they found them.
_BLANK_OFFSET: Final = re.compile(r" (?=[0-9]{2}:[0-9]{2}\Z)")


def number(query: Query, name: str, lowest: int, highest: int) -> int | None:
    """A whole number in this range; None if the parameter is absent. Raises InvalidRequest."""
    if name not in query:
        return None
    text = query[name][-1]
    if not _DIGITS.fullmatch(text) or not lowest <= int(text) <= highest:
        raise InvalidRequest(f"{name} is not a number from {lowest} to {highest}")
    return int(text)


def moment(query: Query, name: str) -> datetime | None:
    """A moment in UTC, given in ISO 8601 with its offset or as UNIX seconds; None if the parameter is absent.

    Raises InvalidRequest with the text that the same fault has in a JSON body, without its prefix.
    """
    if name not in query:
        return None
    text = query[name][-1]
    value = int(text) if _DIGITS.fullmatch(text) else _BLANK_OFFSET.sub("+", text)
    try:
        return json_fields.moment(name, value)
    except InvalidRequest as error:
        raise InvalidRequest(json_fields.without_prefix(error)) from error
