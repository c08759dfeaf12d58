"""The management API, v1 to v3: endpoints, keys, errors, and the order in which things are checked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs

import msgspec

from handlers.ping.exchange import Request, Response, Route, status_of
from hcserver.domain import uuids
from hcserver.domain.project import Project
from hcserver.errors import Conflict, Forbidden, HcError, InvalidRequest
from hcserver.services.container import Services
from hcserver.services.lookup import Access
from hcserver.validation.check import parse_body

PREFIX = "/api/"
_PATH = re.compile(r"/api/v([123])/(.*)", re.DOTALL)
_ALL_METHODS = "GET, POST, DELETE, OPTIONS"  # where there is nothing

UUID_PATTERN = rf"({uuids.UUID_PATTERN})"
UNIQUE_KEY_PATTERN = r"([0-9a-f]{40})"


class Call(NamedTuple):
    """One request to the API, after everything that can be refused without looking at its subject."""

    services: Services
    request: Request
    version: int
    arguments: tuple[str, ...]  # from the path
    data: dict[str, object]  # the JSON body of a POST, or nothing
    opened: Project | None  # by the key; None where none of a project is needed
    writable: bool  # the key is a read-write one

    @property
    def project(self) -> Project:
        """The project that the request is about."""
        assert self.opened is not None, "only the key of a project opens one"
        return self.opened

    @property
    def base_url(self) -> str:
        return self.services.settings.http.public_url

    def query(self) -> dict[str, list[str]]:
        # What is not percent-encoded came as bytes, which stand there as Latin-1.
        query = self.request.query.encode("latin-1").decode("utf-8", "replace")
        return parse_qs(query, keep_blank_values=True, errors="replace")


Action = Callable[[Call], Awaitable[Response]]
# "read" and "write" by a project's key, "admin" by an admin key, "open" without.
Needed = Access | Literal["admin", "open"]
Actions = Mapping[str, tuple[Needed, Action]]


class Endpoint(NamedTuple):
    """What answers at a path: for each method the access that it needs, and the action."""

    path: re.Pattern[str]
    actions: Actions
    body_limit: int | None = None  # bytes of a body that is no JSON; None: it is JSON

    @property
    def methods(self) -> str:
        return ", ".join([*self.actions, "OPTIONS"])


def endpoint(path: str, *, body_limit: int | None = None, **actions: tuple[Needed, Action]) -> Endpoint:
    """`path` is a pattern behind /api/vN/; the actions are named by their methods."""
    return Endpoint(re.compile(path), actions, body_limit)


class Api:
    """Answers everything below /api/."""

    def __init__(self, services: Services, endpoints: list[Endpoint], body_limit: int) -> None:
        self._services = services
        self._endpoints = endpoints
        self._body_limit = body_limit

    def route(self, method: str, path: str) -> Route:
        """How such requests are read and answered."""
        found = self._find(path)
        limit = None if found is None else found[0].body_limit
        return Route(self.answer, self._body_limit if limit is None else limit, self._on_error)

    async def answer(self, request: Request) -> Response:
        found = self._find(request.path)
        if found is None:
            return self._missing(request)
        endpoint, version, arguments = found
        if request.method == "OPTIONS":
            return Response(204, b"", cors(endpoint.methods))
        method = "GET" if request.method == "HEAD" else request.method
        if method not in endpoint.actions:
            headers = {"Allow": endpoint.methods, **cors(endpoint.methods)}
            return json_response({"error": "method not allowed"}, 405, headers)
        access, action = endpoint.actions[method]
        data = self._data(request, endpoint) if method == "POST" else {}
        project, writable = None, False
        if access == "admin":
            await self._services.admin_keys.authenticate(_key(request, data))
        elif access != "open":
            project, writable = await self._services.lookup.authenticate(_key(request, data), access)
        response = await action(Call(self._services, request, version, arguments, data, project, writable))
        return Response(response.status, response.body, {**cors(endpoint.methods), **response.headers})

    def _find(self, path: str) -> tuple[Endpoint, int, tuple[str, ...]] | None:
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        version, rest = int(match[1]), match[2]
        for endpoint in self._endpoints:
            if arguments := endpoint.path.fullmatch(rest):
                return endpoint, version, arguments.groups()
        return None

    def _missing(self, request: Request) -> Response:
        """No such path. A collection without its slash is told where it is: published clients rely on it."""
        found = None if request.path.endswith("/") else self._find(request.path + "/")
        if found is None:
            return json_response({"error": "not found"}, 404, cors(_ALL_METHODS))
        query = f"?{request.query}" if request.query else ""
        location = {"Location": f"{request.path}/{query}"}
        return Response(301, b"", {**location, **cors(found[0].methods)})

    def _data(self, request: Request, endpoint: Endpoint) -> dict[str, object]:
        if request.truncated:
            raise InvalidRequest("request body is too large")
        return parse_body(request.body) if endpoint.body_limit is None else {}

    def _on_error(self, request: Request, error: HcError | None) -> Response:
        found = self._find(request.path)
        headers = cors(found[0].methods if found else _ALL_METHODS)
        status = status_of(error)
        if isinstance(error, Forbidden):
            return Response(status, b"", headers)
        if isinstance(error, Conflict):
            return Response(
                status, str(error).encode(), {"Content-Type": "text/plain; charset=utf-8", **headers}
            )
        text = "internal error" if error is None else str(error)
        return json_response({"error": text}, status, headers)


def _key(request: Request, data: dict[str, object]) -> str | None:
    """The key in the header, which wins, or in the body."""
    if "X-Api-Key" in request.headers:
        return request.headers["X-Api-Key"]
    member = data.get("api_key")
    return member if isinstance(member, str) else None


def json_response(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON."""
    body = msgspec.json.encode(document)
    return Response(status, body, {"Content-Type": "application/json", **(headers or {})})


def cors(methods: str) -> dict[str, str]:
    """The headers that let web pages from anywhere use an endpoint."""
    return {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "X-Api-Key",
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Max-Age": "600",
    }
