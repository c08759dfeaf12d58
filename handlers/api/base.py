"""The base of the management API's handlers, versions 1 to 3: keys, bodies, errors, CORS.

    class WindowHandler(ApiHandler):
        @requires("write")
        async def get(self, window_id: str) -> None: ...

What can be refused is checked in this order: a malformed path (404), the method (405), the JSON of a POST
(400), the key (401), and then what the handler finds. A body of more than KEYLESS_BYTES is not read before
the key in the header is known to be right, so that nobody without a key causes much work.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, cast
from urllib.parse import parse_qs

from tornado.web import HTTPError

from handlers.base import TEXT, BaseHandler
from hcserver.domain.project import Project
from hcserver.domain.uuids import UUID_PATTERN
from hcserver.errors import (
    Conflict,
    Forbidden,
    HcError,
    InvalidRequest,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from hcserver.services.lookup import Access
from hcserver.validation.json_body import parse_body

PREFIX = "/api/"
UUID = rf"({UUID_PATTERN})"
UNIQUE_KEY = r"([0-9a-f]{40})"

# By a project's key ("write": the read-write one), by an admin key, or without a key.
Needed = Access | Literal["admin", "open"]
Routes = list[tuple[str, type["ApiHandler"]]]

# Bytes of a body that are read without a right key in the header: the key may be in the JSON of the body.
KEYLESS_BYTES = 65_536
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)

_METHODS = ("GET", "POST", "DELETE")
ALL_METHODS = "GET, POST, DELETE, OPTIONS"  # where there is nothing

H = TypeVar("H", bound="ApiHandler")
P = ParamSpec("P")
Method = Callable[Concatenate[H, P], Coroutine[Any, Any, None]]


def route(path: str) -> str:
    """The pattern of an endpoint, in every version of the API; `path` is the pattern of what follows the
    version.
    """
    return rf"{PREFIX}v[123]/{path}"


def requires(access: Needed) -> Callable[[Method[H, P]], Method[H, P]]:
    """Declare what key a method of a handler needs."""

    def decorate(method: Method[H, P]) -> Method[H, P]:
        @functools.wraps(method)
        async def authorized(self: H, /, *args: P.args, **kwargs: P.kwargs) -> None:
            await self.authorize(access)
            await method(self, *args, **kwargs)

        authorized.access = access  # type: ignore[attr-defined]
        return cast(Method[H, P], authorized)

    return decorate


def set_cors_headers(handler: BaseHandler, methods: str) -> None:
    """Let web pages from anywhere use the endpoint."""
    handler.set_header("Access-Control-Allow-Origin", "*")
    handler.set_header("Access-Control-Allow-Headers", "X-Api-Key")
    handler.set_header("Access-Control-Allow-Methods", methods)
    handler.set_header("Access-Control-Max-Age", "600")


class ApiHandler(BaseHandler):
    """`data` is the JSON object of a POST, `project` the one that the key opens, `writable` whether the key
    is a read-write one.
    """

    json_body = True  # of a POST
    answers_while_starting = False

    def initialize(self) -> None:
        super().initialize()
        self.data: dict[str, object] = {}
        self.writable = False
        self._project: Project | None = None
        self._received = 0  # bytes of the body
        self._refusal: HcError | None = None  # for a body of more than KEYLESS_BYTES

    @classmethod
    @functools.cache
    def allowed_methods(cls) -> str:
        """The methods that the handler has, comma-separated."""
        own = [name for name in _METHODS if hasattr(getattr(cls, name.lower()), "access")]
        return ", ".join([*own, "OPTIONS"])

    @property
    def project(self) -> Project:
        """The project that the request is about."""
        assert self._project is not None, "only the key of a project opens one"
        return self._project

    @property
    def version(self) -> int:
        """The API's version in the path."""
        return int(self.request.path[len(PREFIX) + 1])

    @property
    def base_url(self) -> str:
        return self.services.settings.http.public_url

    @property
    def max_body(self) -> int:
        """Bytes of a POST's body that are kept."""
        return super().body_limit

    @property
    def body_limit(self) -> int:
        return self.max_body if self._access_of_post() is not None else 0

    def query(self) -> dict[str, list[str]]:
        # What is not percent-encoded came as bytes, which Tornado decodes as Latin-1.
        query = self.request.query.encode("latin-1").decode("utf-8", "replace")
        return parse_qs(query, keep_blank_values=True, errors="replace")

    def set_default_headers(self) -> None:
        super().set_default_headers()
        set_cors_headers(self, self.allowed_methods())

    def options(self, *arguments: str) -> None:
        self.set_status(204)

    def prepare(self) -> Awaitable[None] | None:
        super().prepare()
        access = self._access_of_post()
        if access is None or not self._may_be_large():
            return None
        return self._check_header_key(access)

    def data_received(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._refusal is not None and self._received > KEYLESS_BYTES:
            raise self._refusal
        super().data_received(chunk)

    async def authorize(self, access: Needed) -> None:
        """Read the body of a POST and look the key up. Raises HcError."""
        self._require_readiness()
        if self.request.method == "POST":
            self._read_body()
        await self._authenticate(access)

    def finish_error(self, status_code: int, error: BaseException | None) -> None:
        if isinstance(error, HTTPError) and status_code == 405:
            self.set_header("Allow", self.allowed_methods())
        if isinstance(error, TooManyRequests):
            self.set_header("Retry-After", str(error.retry_after))
        if isinstance(error, Conflict):
            self.set_header("Content-Type", TEXT)
            self.write(str(error))
        elif not isinstance(error, Forbidden) or str(error):
            self.write_json({"error": self.error_text(error)}, status_code)
        self.finish()

    def _access_of_post(self) -> Needed | None:
        """What key the request needs if it is a POST that the handler answers, else None."""
        return getattr(self.post, "access", None) if self.request.method == "POST" else None

    def _may_be_large(self) -> bool:
        """Whether the body has, or may have, more than KEYLESS_BYTES."""
        if "Transfer-Encoding" in self.request.headers:
            return True
        length = self.request.headers.get("Content-Length", "0")
        return _LENGTH.fullmatch(length) is None or int(length) > KEYLESS_BYTES

    async def _check_header_key(self, access: Needed) -> None:
        """Look up the key in the header before the body is read. Raises HcError."""
        self._require_readiness()
        try:
            if self.json_body and "X-Api-Key" not in self.request.headers:
                raise InvalidRequest("request body is too large: send the key in X-Api-Key")
            await self._authenticate(access)
        except (InvalidRequest, Unauthorized) as error:
            if not self.json_body or "Transfer-Encoding" not in self.request.headers:
                raise
            # The body may turn out to be small, and the error in it comes first.
            self._refusal = error

    def _require_readiness(self) -> None:
        if not (self.services.ready or self.answers_while_starting):
            raise Unavailable("the server is starting, try again")

    async def _authenticate(self, access: Needed) -> None:
        if access == "admin":
            await self.services.admin_keys.authenticate(self._key())
        elif access != "open":
            self._project, self.writable = await self.services.lookup.authenticate(self._key(), access)

    def _read_body(self) -> None:
        if self.truncated:
            raise InvalidRequest("request body is too large")
        if self.json_body:
            self.data = parse_body(self.body)

    def _key(self) -> str | None:
        """The key in the header, which wins, or in the body."""
        if "X-Api-Key" in self.request.headers:
            return self.request.headers["X-Api-Key"]
        member: Any = self.data.get("api_key")
        return member if isinstance(member, str) else None
