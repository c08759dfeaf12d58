"""The reference of the API, for people, made of its OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

from handlers.api.openapi_document import openapi_document
from handlers.api.routes import ROUTES
from hcserver.domain.words import listed

_SPAN: Final = re.compile("`([^`]*)`")
_FORMATS: Final = {"uuid": "uuid", "date-time": "moment", "uri": "address"}
_TYPES: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}


class Member(NamedTuple):
    """A parameter, or a field of a body or document; `words` say what it may be."""

    name: str
    words: str
    required: bool


class Answer(NamedTuple):
    """`schema` is the name of the document that comes with the status, or says what else comes."""

    status: str
    words: str
    schema: str


class Request(NamedTuple):
    """One method of one address."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[Member]
    body: list[Member]
    answers: list[Answer]


class Reference(NamedTuple):
    """`resources` have the requests under the first part of their paths, `documents` the members of each."""

    server: str
    resources: dict[str, list[Request]]
    documents: dict[str, list[Member]]


def with_code(text: str) -> str:
    """A text as HTML, in which what stands between backticks is code."""
    return _SPAN.sub(r"<code>\1</code>", escape(text))


@cache
def reference(base_url: str) -> Reference:
    """The reference of the server at this address."""
    document = openapi_document(ROUTES, base_url)
    resources: dict[str, list[Request]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            resources.setdefault(path.split("/")[1], []).append(_request(method, path, operation))
    schemas = document["components"]["schemas"]
    return Reference(
        document["servers"][0]["url"], resources, {name: _members(schemas[name]) for name in sorted(schemas)}
    )


def in_words(schema: Mapping[str, Any]) -> str:
    """What a value may be: "text, up to 100 characters", "whole number, 60 to 31536000", "moment or null"."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(in_words(one) for one in schema["anyOf"]))
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return f"one of {', '.join(str(word) or 'the empty text' for word in schema['enum'])}"
    words = _type_in_words(schema) + "".join(_limits(schema))
    more = schema.get("description")
    return f"{words} ({more})" if more else words


def _type_in_words(schema: Mapping[str, Any]) -> str:
    types = schema.get("type", "integer" if "minimum" in schema else [])
    if types == "array":
        return f"list of: {in_words(schema['items'])}"
    words = [
        _FORMATS.get(schema.get("format", ""), _TYPES[one]) if one != "null" else "null"
        for one in ([types] if isinstance(types, str) else types)
    ]
    return " or ".join(words) or "anything"


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    if "maxLength" in schema:
        yield f", up to {schema['maxLength']} characters"
    if "maximum" in schema:
        yield f", {schema['minimum']} to {schema['maximum']}"
    elif schema.get("minimum"):
        yield f", at least {schema['minimum']}"


def _request(method: str, path: str, operation: Mapping[str, Any]) -> Request:
    bodies = operation.get("requestBody", {}).get("content", {})
    parameters = operation.get("parameters", ())
    fields: list[Member] = []
    for media_type, content in bodies.items():
        schema = content["schema"]
        fields += _members(schema) or [Member(media_type, schema.get("description", ""), True)]
    return Request(
        method.upper(),
        path,
        operation["summary"],
        operation["description"],
        [Member(one["name"], in_words(one["schema"]), one["required"]) for one in parameters],
        fields,
        [_answer(status, response) for status, response in operation["responses"].items()],
    )


def _answer(status: str, response: Mapping[str, Any]) -> Answer:
    schema = ""
    for media_type, content in response.get("content", {}).items():
        schema = media_type if media_type != "application/json" else _document_name(content["schema"])
    return Answer(status, response["description"], schema)


def _document_name(schema: Mapping[str, Any]) -> str:
    """The name of a document; of a list, `{"checks": [Check]}`."""
    if "properties" not in schema:
        return in_words(schema)
    members = [
        f'"{name}": [{in_words(one["items"])}]' if "items" in one else f'"{name}"'
        for name, one in schema["properties"].items()
    ]
    return f"{{{listed(members).replace(' and ', ', ')}}}"


def _members(schema: Mapping[str, Any]) -> list[Member]:
    required = schema.get("required", ())
    return [
        Member(name, in_words(one), name in required) for name, one in schema.get("properties", {}).items()
    ]
