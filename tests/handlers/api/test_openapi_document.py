from __future__ import annotations

import re
from typing import Any

import jsonschema_rs

from handlers.api.base import UNIQUE_KEY, UUID
from handlers.api.openapi_document import openapi_document
from handlers.api.routes import ROUTES
from hcserver.validation import channel, check, project, window

DOCUMENT = openapi_document(ROUTES, "https://hc.example.org")
OPERATIONS = {(path, method): op for path, ops in DOCUMENT["paths"].items() for method, op in ops.items()}


def handled() -> set[tuple[str, str]]:
    """Every method of every route, with "{}" for the parts of an address that vary."""
    found = set()
    for pattern, handler in ROUTES:
        path = re.sub(r"^/api/v(\[123\]|3)", "", pattern).replace("\\.", ".")
        for part in (UUID, UNIQUE_KEY, "([0-9]+)"):
            path = path.replace(part, "{}")
        for method in set(handler.allowed_methods().split(", ")) - {"OPTIONS"}:
            found.add((path, method.lower()))
    return found


def test_every_method_of_every_route_is_described_and_no_more() -> None:
    assert {(re.sub(r"\{\w+\}", "{}", path), method) for path, method in OPERATIONS} == handled()


def test_the_document_says_what_it_is() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["servers"] == [{"url": "https://hc.example.org/api/v3"}]


def test_every_operation_says_what_it_needs_and_answers() -> None:
    for (path, method), operation in OPERATIONS.items():
        assert operation["summary"] and not operation["summary"].endswith("."), path
        assert any(status.startswith("2") for status in operation["responses"]), path
        assert "503" in operation["responses"], path
        assert ("401" in operation["responses"]) is bool(operation["security"]), path
        assert ("400" in operation["responses"]) or method != "post", path
        names = [part["name"] for part in operation.get("parameters", []) if part["in"] == "path"]
        assert names == re.findall(r"\{(\w+)\}", path)


def test_admin_keys_open_projects_alone() -> None:
    for (path, _), operation in OPERATIONS.items():
        needs_admin = operation["security"] == [{"adminKey": []}]
        assert needs_admin is path.startswith("/projects/")


def test_a_check_is_read_by_either_of_its_names_and_changed_by_its_uuid() -> None:
    (read,) = OPERATIONS["/checks/{check}", "get"]["parameters"]
    (changed,) = OPERATIONS["/checks/{check}", "post"]["parameters"]
    uuid = {"type": "string", "format": "uuid"}
    assert changed["schema"] == uuid
    assert read["schema"] == {"anyOf": [uuid, {"type": "string", "pattern": f"^{UNIQUE_KEY}$"}]}


def body(path: str) -> Any:
    return OPERATIONS[path, "post"]["requestBody"]["content"]["application/json"]["schema"]


def test_requests_are_what_validation_takes() -> None:
    assert body("/checks/") == body("/checks/{check}") == check.SCHEMA
    assert body("/channels/{channel}") == channel.SCHEMA
    assert body("/channels/") == {**channel.SCHEMA, "required": ["kind"]}
    assert body("/windows/") == body("/windows/{window}") == window.SCHEMA
    assert body("/projects/{project}") == project.SCHEMA
    assert body("/projects/") == {**project.SCHEMA, "required": ["name"]}


def test_every_schema_of_a_request_or_parameter_is_valid() -> None:
    for operation in OPERATIONS.values():
        for parameter in operation.get("parameters", []):
            jsonschema_rs.meta.validate(parameter["schema"])
        for content in operation.get("requestBody", {}).get("content", {}).values():
            jsonschema_rs.meta.validate(content["schema"])
