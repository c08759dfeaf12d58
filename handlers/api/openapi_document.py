"""The description of the API in OpenAPI 3.1, made of what the handlers declare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from handlers.api.base import PREFIX, UNIQUE_KEY, UUID, ApiHandler, Needed
from handlers.api.operation import Content, Operation, Schema, operation_of
from handlers.api.schemas import COMPONENTS, ref
from hcserver import __version__

VERSION: Final = 3  # of the API: the one that is described

_METHODS: Final = ("get", "post", "delete")
_VERSIONS: Final = rf"{PREFIX}v[123]/"
_DIGITS: Final = "([0-9]+)"
# What a part of an address may be.
_PARTS: Final[dict[str, dict[str, Any]]] = {
    UUID: {"type": "string", "format": "uuid"},
    UNIQUE_KEY: {"type": "string", "pattern": f"^{UNIQUE_KEY}$"},
    _DIGITS: {"type": "integer", "minimum": 1},
}
_PART: Final = re.compile("|".join(re.escape(part) for part in _PARTS))
_SECURITY: Final[dict[Needed, list[dict[str, list[str]]]]] = {
    "read": [{"projectKey": []}],
    "write": [{"projectKey": []}],
    "admin": [{"adminKey": []}],
    "open": [],
}
_KEYS: Final[dict[Needed, str]] = {
    "read": "A read-only key will do.",
    "write": "Needs a read-write key.",
    "admin": "Needs an admin key.",
    "open": "Needs no key.",
}
_REFUSALS: Final = {
    400: "the request is not valid; the text names the first faulty field",
    401: "the key is missing or wrong",
    403: "a limit is reached",
    404: "there is no such object",
    408: "the rest of the request did not come",
    503: "the server can't answer now: try again",
}
_ABOUT: Final = (
    "Version 3 of the management API. Versions 1 and 2 have the same resources. The key may also be the "
    "field `api_key` of a JSON body. Unknown fields of a request are ignored."
)


def openapi_document(routes: Iterable[tuple[str, type[ApiHandler]]], base_url: str) -> dict[str, Any]:
    """The document for these routes of all handlers, each a pattern and its handler."""
    paths: dict[str, dict[str, Any]] = {}
    for pattern, handler in routes:
        path, parts = _path(pattern)
        operations = paths.setdefault(path, {})
        for method in _methods(handler):
            described = _operation(getattr(handler, method), method, parts)
            if method in operations:
                _add_alternative(operations[method], described)
            else:
                operations[method] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "hcserver", "version": __version__, "description": _ABOUT},
        "servers": [{"url": f"{base_url}{PREFIX}v{VERSION}"}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {
                "projectKey": _key_header("a key of the project, read-write or read-only"),
                "adminKey": _key_header("an admin key, which `hcserver admin-key create` prints"),
            },
        },
    }


def _methods(handler: type[ApiHandler]) -> list[str]:
    allowed = handler.allowed_methods().lower().split(", ")
    return [method for method in _METHODS if method in allowed]


def _path(pattern: str) -> tuple[str, dict[str, Schema]]:
    """The path template of a route without what all have in front, and its parameters by name."""
    text = pattern.removeprefix(_VERSIONS).removeprefix(f"{PREFIX}v{VERSION}/").replace("\\.", ".")
    parts: dict[str, Schema] = {}

    def named(match: re.Match[str]) -> str:
        collection = text[: match.start()].rstrip("/").rpartition("/")[2]
        name = "n" if collection == "pings" else collection.removesuffix("s")
        parts[name] = _PARTS[match[0]]
        return f"{{{name}}}"

    return "/" + _PART.sub(named, text), parts


def _operation(method: Any, name: str, parts: Mapping[str, Schema]) -> dict[str, Any]:
    operation, access = operation_of(method), method.access
    described: dict[str, Any] = {
        "summary": operation.summary,
        "description": " ".join(text for text in (operation.more, _KEYS[access]) if text),
        "security": _SECURITY[access],
        "responses": _responses(operation, access, name, parts),
    }
    parameters = [
        {"name": part, "in": "path", "required": True, "schema": schema} for part, schema in parts.items()
    ]
    parameters += [
        {"name": part, "in": "query", "required": False, "schema": schema}
        for part, schema in operation.query.items()
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"content": _content(operation.body)}
    return described


def _responses(
    operation: Operation, access: Needed, method: str, parts: Mapping[str, Schema]
) -> dict[str, Any]:
    statuses: dict[int, Schema | Content | None] = {503: ref("Error")}
    if access != "open":
        statuses[401] = ref("Error")
    if parts:
        statuses[404] = ref("Error")
        if access in ("read", "write"):
            statuses[403] = None
    if method == "post":
        statuses |= {400: ref("Error"), 408: ref("Error")}
    elif operation.query:
        statuses[400] = ref("Error")
    statuses |= operation.answers
    return {str(status): _response(status, statuses[status]) for status in sorted(statuses)}


def _response(status: int, body: Schema | Content | None) -> dict[str, Any]:
    text = _REFUSALS.get(status, "done" if body is not None else "nothing has changed")
    if status == 403 and body is None:
        text = "the object is another project's"
    if isinstance(body, Content):
        text = body.description
    return {"description": text} if body is None else {"description": text, "content": _content(body)}


def _content(body: Schema | Content) -> dict[str, Any]:
    if isinstance(body, Content):
        return {body.media_type: {"schema": {"type": "string", "description": body.description}}}
    return {"application/json": {"schema": body}}


def _add_alternative(known: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Let the parameters of an operation be what they are in another route of the same method as well."""
    for parameter, alternative in zip(known["parameters"], other["parameters"], strict=True):
        if parameter["schema"] != alternative["schema"]:
            parameter["schema"] = {"anyOf": [parameter["schema"], alternative["schema"]]}


def _key_header(description: str) -> dict[str, str]:
    return {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": description}
