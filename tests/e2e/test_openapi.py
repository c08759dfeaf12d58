"""The description of the API against the real server: schemathesis makes requests of it, valid and invalid,
and no answer has a status or a shape that is not described.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from handlers.api.openapi_document import openapi_document
from handlers.api.routes import ROUTES
from tests.e2e.server import RealServer

CHECKS = [
    *(not_a_server_error, status_code_conformance),
    *(content_type_conformance, response_schema_conformance),
]
FEW = settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schemathesis.serializer("message/rfc822")
def email(context: schemathesis.SerializationContext, value: Any) -> Any:
    return str(value).encode("utf-8", "replace")


def closed(node: Any) -> Any:
    """A description in which no document has members that are not described."""
    if isinstance(node, dict):
        more = {"additionalProperties": False} if "properties" in node else {}
        return {name: closed(value) for name, value in node.items()} | more
    return [closed(value) for value in node] if isinstance(node, list) else node


def strict_document() -> dict[str, Any]:
    document = openapi_document(ROUTES, "http://localhost")
    document["components"]["schemas"] = closed(document["components"]["schemas"])
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] = closed(operation["responses"])
    return document


def described_operations() -> dict[str, Any]:
    results: Any = schemathesis.openapi.from_dict(strict_document()).get_all_operations()
    return {operation.label: operation for operation in (result.ok() for result in results)}


# The answer of an event stream has no end; tests/handlers/api/test_events.py looks at what it sends.
OPERATIONS = {label: one for label, one in described_operations().items() if label != "GET /events"}
METRICS_KEY = "the-key-for-prometheus"


@dataclass
class Described:
    """A server with an object of every kind, and what opens and names them."""

    server: RealServer
    key: str
    admin_key: str
    ids: dict[str, Any]  # by the name of the parameter

    def key_of(self, case: Any) -> str:
        return self.admin_key if case.path.startswith("/projects") else self.key


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    limits = {"HCSERVER_LIMITS_CHECKS_PER_PROJECT": "1000"}
    server = RealServer(folder, HCSERVER_METRICS_KEY=METRICS_KEY, **limits).start()
    try:
        yield furnished(server)
    finally:
        server.stop()


def furnished(server: RealServer) -> Described:
    project = server.create_project("Described")
    key = project["api_key"]
    channel = server.api("channels/", key, {"kind": "email", "target": "ops@example.org"})
    check = server.api("checks/", key, {"slug": "a", "tags": "t", "channels": "*", "success_kw": "ok"})
    window = server.api("windows/", key, {"schedule": "Sun 03:00", "minutes": 90})
    for signal in ("", "/start", "/fail", "/3", "/log"):
        assert server.request(f"/ping/{check['uuid']}{signal}", body=b"text").status == 200
    admin = json.loads(server.cli("admin-key", "create", "--json").stdout)["key"]
    ids = {"check": check["uuid"], "channel": channel["id"], "window": window["id"], "n": 1}
    return Described(server, key, admin, ids | {"project": project["id"]})


def answered_as_described(described: Described, case: Any) -> int:
    """The status of the answer."""
    response = case.call_and_validate(
        base_url=f"{described.server.url}/api/v3",
        headers={"X-Api-Key": described.key_of(case), "X-Metrics-Key": METRICS_KEY},
        checks=CHECKS,
    )
    status: int = response.status_code
    return status


@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
def test_every_answer_is_described(described: Described, label: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[label]
    known = {part.name: described.ids[part.name] for part in operation.path_parameters}
    ids = None if operation.method == "delete" or "rotate" in label else known

    @FEW
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode, path_parameters=ids))
        answered_as_described(described, case)

    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
        return  # there is nothing about the request that could be wrong
    run()


# What is deleted comes last: first what is in a check, and the project after what is in it.
READ = [label for label in OPERATIONS if label.startswith("GET")]
DELETED = [label for label in OPERATIONS if label.startswith("DELETE")]
DELETED.sort(key=lambda label: label.count("/"), reverse=True)


@pytest.mark.parametrize("label", [*READ, *DELETED])
def test_what_is_read_and_deleted_is_described(described: Described, label: str) -> None:
    operation = OPERATIONS[label]
    case = operation.Case(path_parameters={p.name: described.ids[p.name] for p in operation.path_parameters})
    assert answered_as_described(described, case) == 200


def test_the_server_gives_the_description_to_everyone(described: Described) -> None:
    answer = described.server.request("/api/v3/openapi.json")
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    base = f"http://localhost:{described.server.http_port}"
    assert answer.json() == json.loads(json.dumps(openapi_document(ROUTES, base)))
