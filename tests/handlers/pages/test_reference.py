from __future__ import annotations

from typing import Any

import pytest

from handlers.pages.reference import in_words, reference, with_code
from tests.handlers.pages.visitor import Visitor

BASE = "https://hc.example.org"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "maxLength": 100}, "text, up to 100 characters"),
        ({"type": "integer", "minimum": 60, "maximum": 99}, "whole number, 60 to 99"),
        ({"type": "integer", "minimum": 1}, "whole number, at least 1"),
        ({"type": ["string", "null"], "format": "date-time"}, "moment or null"),
        ({"type": "string", "format": "uuid"}, "uuid"),
        ({"type": "string", "enum": ["", "POST"]}, "one of the empty text, POST"),
        ({"type": "array", "items": {"type": "string"}}, "list of: text"),
        ({"anyOf": [{"const": 0}, {"minimum": 1, "maximum": 2}]}, "0 or whole number, 1 to 2"),
        ({"$ref": "#/components/schemas/Check"}, "Check"),
        ({"type": "boolean", "description": "or not"}, "true or false (or not)"),
        ({}, "anything"),
    ],
)
def test_a_schema_is_told_in_words(schema: dict[str, Any], words: str) -> None:
    assert in_words(schema) == words


def test_every_request_is_under_its_resource() -> None:
    found = reference(BASE)
    assert found.server == f"{BASE}/api/v3"
    create = next(one for one in found.resources["checks"] if (one.method, one.path) == ("POST", "/checks/"))
    assert "text, up to 100 characters" in {member.words for member in create.body if member.name == "name"}
    answers = {answer.status: answer.schema for answer in create.answers}
    assert (answers["201"], answers["400"]) == ("Check", "Error")
    listing = next(one for one in found.resources["checks"] if (one.method, one.path) == ("GET", "/checks/"))
    assert [member.name for member in listing.parameters] == ["slug", "tag", "limit", "after"]
    assert listing.answers[0].schema == '{"checks": [Check], "next"}'
    assert found.resources["projects"] and found.resources["windows"]


def test_a_body_that_is_no_json_is_described() -> None:
    [classify] = [one for one in reference(BASE).resources["checks"] if one.path.endswith("/classify")]
    assert [(one.name, one.words) for one in classify.body] == [
        ("message/rfc822", "the email as it was sent")
    ]


def test_backticks_become_code() -> None:
    assert with_code("`a<b` & c") == "<code>a&lt;b</code> &amp; c"


async def test_the_page_has_each_request(anonymous: Visitor) -> None:
    page = await anonymous.page("/docs/reference")
    shown = {summary.code.get_text() for summary in page.select(".request summary")}
    assert shown == {
        f"{one.method} {one.path}" for requests in reference("x").resources.values() for one in requests
    }
