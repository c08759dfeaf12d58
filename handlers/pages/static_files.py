"""Styles, scripts and pictures of the pages, at /static/."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tornado.web import StaticFileHandler

from handlers.pages.base import set_security_headers

TEMPLATES: Final = Path(__file__).with_name("templates")
STATIC: Final = Path(__file__).with_name("static")


class StaticFiles(StaticFileHandler):
    """Addresses in pages have a hash of the content (`static_url`), so that browsers keep a file for long."""

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        set_security_headers(self)

    def set_extra_headers(self, path: str) -> None:
        if path.endswith(".js"):
            self.set_header("Content-Type", "text/javascript; charset=utf-8")
        if "v" not in self.request.arguments:
            # A script that another one imports: the browser asks whether it is still the same.
            self.set_header("Cache-Control", "no-cache")
