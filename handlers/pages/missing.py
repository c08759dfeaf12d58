"""Addresses where there is nothing."""

from __future__ import annotations

import re
from typing import Final

from tornado.web import HTTPError

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler

_LACKS_SLASH: Final = re.compile(rf"/docs|/p/{UUID_PATTERN}")


class MissingPage(PageHandler):
    """404, whatever the method: a page for browsers, text for programs. 301 where only a slash is missing."""

    @property
    def body_limit(self) -> int:
        return 0

    def get(self, *arguments: str) -> None:
        if _LACKS_SLASH.fullmatch(self.request.path) is not None:
            query = f"?{self.request.query}" if self.request.query else ""
            self.set_status(301)
            self.set_header("Location", f"{self.request.path}/{query}")
            return
        if "text/html" in self.request.headers.get("Accept", ""):
            raise HTTPError(404)
        self.write_text("not found", 404)

    post = put = patch = delete = options = unsupported = get
