"""The description of the API for programs: openapi.json."""

from __future__ import annotations

from functools import cache

import msgspec

from handlers.api.base import PREFIX, ApiHandler, Routes, requires
from handlers.api.openapi_document import VERSION, openapi_document
from handlers.api.operation import describes


class OpenApiHandler(ApiHandler):
    """openapi.json, in OpenAPI 3.1."""

    answers_while_starting = True

    @requires("open")
    @describes("Read this description", {200: {"type": "object"}})
    async def get(self) -> None:
        routes = tuple((pattern.pattern, handler) for pattern, handler in self.settings["api_routes"])
        self.set_header("Content-Type", "application/json")
        self.write(_document(routes, self.base_url))


@cache
def _document(routes: tuple[tuple[str, type[ApiHandler]], ...], base_url: str) -> bytes:
    return msgspec.json.encode(openapi_document(routes, base_url))


ROUTES: Routes = [(rf"{PREFIX}v{VERSION}/openapi\.json", OpenApiHandler)]
