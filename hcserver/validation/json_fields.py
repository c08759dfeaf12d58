"""Members of what clients send as JSON objects: strict readers of their values, and what is told of faults.

A reader takes a member's name and value, and gives back the value as it is meant or raises InvalidRequest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from hcserver.domain.clock import EPOCH
from hcserver.domain.schedule import canonical_zone, schedule_kind
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import InvalidRequest

Reader = Callable[[str, object], Any]

MAX_SCHEDULE: Final = 100  # characters
MAX_MOMENT: Final = 10_000_000_000  # UNIX time, seconds: in the year 2286

_FAULT = "json validation error: "
# The profile of RFC 3339; seconds may be left out.
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_MILLISECOND = timedelta(milliseconds=1)


def parse(data: Mapping[str, object], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Read those members that there are readers for; others are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty member.
    """
    return {name: readers[name](name, data[name]) for name in sorted(readers) if name in data}


def fault(text: str) -> InvalidRequest:
    """The error for a request's content; `text` begins with the member's name."""
    return InvalidRequest(_FAULT + text)


def without_prefix(error: InvalidRequest) -> str:
    """The text of a fault for people who did not write JSON."""
    return str(error).removeprefix(_FAULT)


def string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise fault(f"{name} is not a string")
    return value


def boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise fault(f"{name} is not a boolean")
    return value


def text(limit: int | None = None) -> Callable[[str, object], str]:
    """Free text of at most `limit` characters."""

    def read(name: str, value: object) -> str:
        content = _limited(name, value, limit)
        if "\0" in content or not _encodable(content):
            raise fault(f"{name} contains characters that can't be stored")
        return content

    return read


def line(limit: int) -> Callable[[str, object], str]:
    """Text of at most `limit` characters, all of them printable."""
    read_text = text(limit)

    def read(name: str, value: object) -> str:
        content = read_text(name, value)
        if not content.isprintable():
            raise fault(f"{name} contains characters that can't be printed")
        return content

    return read


def pattern(regex: str, limit: int) -> Callable[[str, object], str]:
    """A string of at most `limit` characters that matches as a whole."""
    compiled = re.compile(regex)

    def read(name: str, value: object) -> str:
        content = _limited(name, value, limit)
        if not compiled.fullmatch(content):
            raise fault(f"{name} does not match pattern")
        return content

    return read


def choice(*words: str) -> Callable[[str, object], str]:
    """One of `words`."""

    def read(name: str, value: object) -> str:
        word = string(name, value)
        if word not in words:
            raise fault(f"{name} has unexpected value")
        return word

    return read


def choices(*words: str) -> Callable[[str, object], tuple[str, ...]]:
    """An array with some of `words`; each counts once."""

    def read(name: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise fault(f"{name} is not an array")
        if not all(isinstance(item, str) and item in words for item in value):
            raise fault(f"an item in '{name}' has unexpected value")
        return tuple(dict.fromkeys(value))

    return read


def integer(lowest: int, highest: int, *, or_zero: bool = False) -> Callable[[str, object], int]:
    """A whole number in this range; with `or_zero` 0 is good, too."""

    def read(name: str, value: object) -> int:
        if type(value) is not int:  # a bool is no number
            raise fault(f"{name} is not a number")
        if or_zero and value == 0:
            return value
        if value < lowest:
            raise fault(f"{name} is too small")
        if value > highest:
            raise fault(f"{name} is too large")
        return value

    return read


def schedule(name: str, value: object) -> str:
    """A cron or OnCalendar expression."""
    expression = _limited(name, value, MAX_SCHEDULE)
    try:
        schedule_kind(expression)
    except ValueError as error:
        raise fault(f"{name} is not a valid cron or OnCalendar expression") from error
    return expression


def tz(name: str, value: object) -> str:
    """Today's name of the time zone."""
    try:
        return canonical_zone(string(name, value))
    except ValueError as error:
        raise fault(f"{name} is not a valid timezone") from error


def uuid(name: str, value: object) -> UUID:
    """A UUID in its usual form, in either case."""
    if (parsed := parse_uuid(string(name, value))) is None:
        raise fault(f"{name} is not a uuid")
    return parsed


def moment(name: str, value: object) -> datetime:
    """A moment in ISO 8601 with its offset from UTC (RFC 3339), or in whole seconds of UNIX time.

    It is returned in UTC, cut to milliseconds, and lies between 1970 and 2286.
    """
    if type(value) is int:
        return EPOCH + timedelta(seconds=integer(0, MAX_MOMENT)(name, value))
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _no_moment(name)
    try:
        at = datetime.fromisoformat(value.upper())
    except ValueError as error:
        raise _no_moment(name) from error
    if at < EPOCH:
        raise fault(f"{name} is too small")
    if at > EPOCH + timedelta(seconds=MAX_MOMENT):
        raise fault(f"{name} is too large")
    return EPOCH + (at - EPOCH) // _MILLISECOND * _MILLISECOND


def _no_moment(name: str) -> InvalidRequest:
    return fault(f"{name} is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time")


def _limited(name: str, value: object, limit: int | None) -> str:
    content = string(name, value)
    if limit is not None and len(content) > limit:
        raise fault(f"{name} is too long")
    return content


def _encodable(content: str) -> bool:
    """False for lone surrogates, which JSON can spell but UTF-8 can't."""
    try:
        content.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
