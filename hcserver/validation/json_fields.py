"""Fields of the JSON objects that clients send: strict readers of their values, and the texts of faults.

A reader takes a field's name and value, and returns the value in its Python type or raises InvalidRequest.
Each one declares in JSON Schema what it takes, for the description of the API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from hcserver.domain.clock import EPOCH
from hcserver.domain.schedule import schedule_kind
from hcserver.domain.time_zone import canonical_zone
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import InvalidRequest
from hcserver.validation.limits import MAX_MOMENT, MAX_SCHEDULE

Reader = Callable[[str, object], Any]
Schema = Mapping[str, Any]  # a JSON Schema (2020-12)
R = TypeVar("R", bound=Reader)

_FAULT: Final = "json validation error: "
# RFC 3339, but seconds may be left out.
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_MEMBER: Final = re.compile(r"[a-z_]{1,30}")
_MILLISECOND: Final = timedelta(milliseconds=1)


def takes(**schema: Any) -> Callable[[R], R]:
    """Declare what a reader takes, in keywords of JSON Schema."""

    def declare(read: R) -> R:
        read.schema = schema  # type: ignore[attr-defined]
        return read

    return declare


def object_schema(readers: Mapping[str, Reader], required: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON Schema of an object whose fields these readers take; it may have others, which are ignored."""
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    for name, reader in readers.items():
        schema["properties"][name] = reader.schema  # type: ignore[attr-defined]
    return schema | ({"required": list(required)} if required else {})


def parse(data: Mapping[str, object], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The values of the fields for which there are readers; other fields are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty field.
    """
    return {name: readers[name](name, data[name]) for name in sorted(readers) if name in data}


def fault(text: str) -> InvalidRequest:
    """The error for a fault in a JSON body; `text` begins with the field's name."""
    return InvalidRequest(_FAULT + text)


def without_prefix(error: InvalidRequest) -> str:
    """The text of a fault without its mention of JSON, for the command line and for queries."""
    return str(error).removeprefix(_FAULT)


@takes(type="string")
def string(name: str, value: object) -> str:
    """Any string."""
    if not isinstance(value, str):
        raise fault(f"{name} is not a string")
    return value


@takes(type="boolean")
def boolean(name: str, value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise fault(f"{name} is not a boolean")
    return value


def text(limit: int | None = None) -> Callable[[str, object], str]:
    """Free text of at most `limit` characters."""

    @takes(type="string", **_at_most(limit))
    def read(name: str, value: object) -> str:
        content = _limited(name, value, limit)
        if "\0" in content or not _encodable(content):
            raise fault(f"{name} contains characters that can't be stored")
        return content

    return read


def line(limit: int) -> Callable[[str, object], str]:
    """Text of at most `limit` characters, all of them printable, on one line."""
    read_text = text(limit)

    @takes(type="string", **_at_most(limit))
    def read(name: str, value: object) -> str:
        content = read_text(name, value)
        if not content.isprintable():
            raise fault(f"{name} contains characters that can't be printed")
        return content

    return read


def title(limit: int) -> Callable[[str, object], str]:
    """A line of at most `limit` characters that is not blank."""
    read_line = line(limit)

    @takes(type="string", minLength=1, **_at_most(limit))
    def read(name: str, value: object) -> str:
        content = read_line(name, value)
        if not content.strip():
            raise fault(f"{name} is empty")
        return content

    return read


def pattern(regex: str, limit: int) -> Callable[[str, object], str]:
    """A string of at most `limit` characters that matches `regex` as a whole."""
    compiled = re.compile(regex)

    @takes(type="string", pattern=f"^(?:{regex})$", **_at_most(limit))
    def read(name: str, value: object) -> str:
        content = _limited(name, value, limit)
        if not compiled.fullmatch(content):
            raise fault(f"{name} does not match pattern")
        return content

    return read


def choice(*words: str) -> Callable[[str, object], str]:
    """One of `words`."""

    @takes(type="string", enum=list(words))
    def read(name: str, value: object) -> str:
        word = string(name, value)
        if word not in words:
            raise fault(f"{name} has unexpected value")
        return word

    return read


def choices(*words: str) -> Callable[[str, object], tuple[str, ...]]:
    """An array of some of `words`; a repeated word counts once."""

    @takes(type="array", items={"type": "string", "enum": sorted(words)})
    def read(name: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise fault(f"{name} is not an array")
        if not all(isinstance(item, str) and item in words for item in value):
            raise fault(f"an item in '{name}' has unexpected value")
        return tuple(dict.fromkeys(value))

    return read


@takes(
    type="object", propertyNames={"pattern": f"^{_MEMBER.pattern}$"}, additionalProperties={"type": "string"}
)
def texts(name: str, value: object) -> dict[str, str]:
    """An object whose members are texts, by short names in lower case."""
    if not isinstance(value, dict):
        raise fault(f"{name} is not an object")
    if not all(_MEMBER.fullmatch(member) for member in value):
        raise fault(f"{name} has a member whose name does not match pattern")
    read = text()
    return {member: read(f"{name}.{member}", value[member]) for member in sorted(value)}


def identifiers(most: int, limit: int) -> Callable[[str, object], tuple[str, ...]]:
    """An array of at most `most` strings of 1 to `limit` characters; a repeated one counts once."""

    @takes(type="array", maxItems=most, items={"type": "string", "minLength": 1, "maxLength": limit})
    def read(name: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise fault(f"{name} is not an array")
        if len(value) > most:
            raise fault(f"{name} has more than {most} items")
        if not all(isinstance(item, str) and 0 < len(item) <= limit for item in value):
            raise fault(f"an item in '{name}' has unexpected value")
        return tuple(dict.fromkeys(value))

    return read


def integers(lowest: int, highest: int) -> Callable[[str, object], tuple[int, ...]]:
    """An array of whole numbers from `lowest` to `highest`; the result has them in order, each once."""

    @takes(type="array", items={"type": "integer", "minimum": lowest, "maximum": highest})
    def read(name: str, value: object) -> tuple[int, ...]:
        if not isinstance(value, list | tuple):
            raise fault(f"{name} is not an array")
        if not all(type(item) is int and lowest <= item <= highest for item in value):
            raise fault(f"an item in '{name}' has unexpected value")
        return tuple(sorted(set(value)))

    return read


def integer(lowest: int, highest: int, *, or_zero: bool = False) -> Callable[[str, object], int]:
    """A whole number from `lowest` to `highest`; with `or_zero` also 0."""

    @takes(type="integer", **_range(lowest, highest, or_zero))
    def read(name: str, value: object) -> int:
        if type(value) is not int:  # isinstance would take a bool
            raise fault(f"{name} is not a number")
        if or_zero and value == 0:
            return value
        if value < lowest:
            raise fault(f"{name} is too small")
        if value > highest:
            raise fault(f"{name} is too large")
        return value

    return read


@takes(type="string", maxLength=MAX_SCHEDULE)
def schedule(name: str, value: object) -> str:
    """A cron or OnCalendar expression of at most MAX_SCHEDULE characters, as it was sent."""
    expression = _limited(name, value, MAX_SCHEDULE)
    try:
        schedule_kind(expression)
    except ValueError as error:
        raise fault(f"{name} is not a valid cron or OnCalendar expression") from error
    return expression


@takes(type="string")
def tz(name: str, value: object) -> str:
    """The name of a time zone; a legacy name becomes today's."""
    try:
        return canonical_zone(string(name, value))
    except ValueError as error:
        raise fault(f"{name} is not a valid timezone") from error


@takes(type="string", format="uuid")
def uuid(name: str, value: object) -> UUID:
    """A UUID in its usual form, in either case."""
    if (parsed := parse_uuid(string(name, value))) is None:
        raise fault(f"{name} is not a uuid")
    return parsed


@takes(
    anyOf=[
        {"type": "string", "format": "date-time"},
        {"type": "integer", "minimum": 0, "maximum": MAX_MOMENT},
    ]
)
def moment(name: str, value: object) -> datetime:
    """A moment in ISO 8601 with its offset from UTC (RFC 3339), or in whole seconds of UNIX time.

    The result is in UTC, cut to milliseconds, between 1970 and MAX_MOMENT.
    """
    if type(value) is int:
        return EPOCH + timedelta(seconds=integer(0, MAX_MOMENT)(name, value))
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _not_a_moment(name)
    try:
        at = datetime.fromisoformat(value.upper())
    except ValueError as error:
        raise _not_a_moment(name) from error
    if at < EPOCH:
        raise fault(f"{name} is too small")
    if at > EPOCH + timedelta(seconds=MAX_MOMENT):
        raise fault(f"{name} is too large")
    return EPOCH + (at - EPOCH) // _MILLISECOND * _MILLISECOND


def _at_most(limit: int | None) -> dict[str, int]:
    return {} if limit is None else {"maxLength": limit}


def _range(lowest: int, highest: int, or_zero: bool) -> dict[str, Any]:
    inside = {"minimum": lowest, "maximum": highest}
    return {"anyOf": [{"const": 0}, inside]} if or_zero and lowest > 0 else inside


def _not_a_moment(name: str) -> InvalidRequest:
    return fault(f"{name} is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time")


def _limited(name: str, value: object, limit: int | None) -> str:
    content = string(name, value)
    if limit is not None and len(content) > limit:
        raise fault(f"{name} is too long")
    return content


def _encodable(content: str) -> bool:
    """Whether UTF-8 can encode the text; JSON's escapes can write lone surrogates, which it can't."""
    try:
        content.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
