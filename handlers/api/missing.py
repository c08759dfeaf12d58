"""Paths below /api/ where there is nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from handlers.api.base import ALL_METHODS, PREFIX, ApiHandler, set_cors_headers

Collections = Sequence[tuple[re.Pattern[str], type[ApiHandler]]]


class MissingHandler(ApiHandler):
    """404; or 301 to a collection that was asked for without its slash, as published clients do."""

    def get(self, *arguments: str) -> None:
        found = self._find_collection()
        if found is None:
            set_cors_headers(self, ALL_METHODS)
            self.write_json({"error": "not found"}, 404)
            return
        set_cors_headers(self, found.allowed_methods())
        query = f"?{self.request.query}" if self.request.query else ""
        self.set_status(301)
        self.set_header("Location", f"{self.request.path}/{query}")

    post = put = patch = delete = options = unsupported = get

    def _find_collection(self) -> type[ApiHandler] | None:
        if self.request.path.endswith("/"):
            return None
        collections: Collections = self.settings["api_routes"]
        path = self.request.path + "/"
        return next((handler for pattern, handler in collections if pattern.fullmatch(path)), None)


ROUTES = [(rf"{PREFIX}.*", MissingHandler)]
