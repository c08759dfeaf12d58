"""What the readers of requests declare to take is what they take: limits, types and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hcserver.errors import InvalidRequest
from hcserver.validation import channel, check, json_fields, project, window

REQUESTS = {
    name: (module._READERS, module.SCHEMA)
    for name, module in (("channel", channel), ("check", check), ("project", project), ("window", window))
}
FIELDS = [(request, field) for request, (readers, _) in REQUESTS.items() for field in readers]
# Strings with a syntax of their own: one that fits, and none at a limit.
WITH_SYNTAX = {"schedule": "* * * * *", "tz": "UTC"}


def takes(reader: json_fields.Reader, name: str, value: object) -> bool:
    try:
        reader(name, value)
    except InvalidRequest:
        return False
    return True


def fits_and_misses(schema: Any) -> Iterator[tuple[object, bool]]:
    """Values at the edges of what the schema allows, and whether they are inside."""
    for option in schema.get("anyOf", ()):
        yield from fits_and_misses(option)
    if "const" in schema:
        yield schema["const"], True
    for word in schema.get("enum", ()):
        yield word, True
        yield f"{word}?", False
    if "minimum" in schema:
        yield schema["minimum"], True
        yield schema["maximum"], True
        yield schema["maximum"] + 1, False
        yield schema["minimum"] - 1, False
    if "maxLength" in schema:
        yield "x" * schema["maxLength"], True
        yield "x" * (schema["maxLength"] + 1), False
    if schema.get("format") == "uuid":
        yield "6837d6ec-fc08-4da5-a67f-08a9ed1ccf62", True
        yield "x", False
    if schema.get("format") == "date-time":
        yield "2030-01-31T18:00:00Z", True
        yield "soon", False
    if "items" in schema:
        for item, fits in fits_and_misses(schema["items"]):
            yield [item], fits


@pytest.mark.parametrize(("request_name", "field"), FIELDS)
def test_a_reader_takes_what_it_declares_up_to_the_limits(request_name: str, field: str) -> None:
    readers, schema = REQUESTS[request_name]
    declared = schema["properties"][field]
    assert declared, "every reader declares what it takes"
    if field in WITH_SYNTAX:
        assert takes(readers[field], field, WITH_SYNTAX[field])
        assert not takes(readers[field], field, "x" * 101)
        return
    for value, fits in fits_and_misses(declared):
        assert takes(readers[field], field, value) is fits, value


@pytest.mark.parametrize(("request_name", "field"), FIELDS)
def test_a_reader_refuses_the_types_that_it_does_not_declare(request_name: str, field: str) -> None:
    readers, schema = REQUESTS[request_name]
    options = [schema["properties"][field], *schema["properties"][field].get("anyOf", ())]
    types: set[str] = set()
    for option in options:
        declared = option.get("type", [])
        types |= {declared} if isinstance(declared, str) else set(declared)
        types |= {"integer"} if {"const", "minimum"} & option.keys() else set()
    assert types
    for value, kind in (
        ("\0", "string"),
        (True, "boolean"),
        (10**12, "integer"),
        ({}, "object"),
        (None, "null"),
    ):
        if kind not in types:
            assert not takes(readers[field], field, value), value
    assert takes(readers[field], field, None) is ("null" in types)


def test_the_schema_of_an_object_may_require_fields() -> None:
    schema = json_fields.object_schema({"a": json_fields.string}, ["a"])
    assert schema == {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
