"""The address that a job reports to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

_VISIBLE = re.compile(r"[!-~]+")  # the characters of a URL; others must be percent-encoded


@dataclass(frozen=True, slots=True)
class PingAddress:
    """A ping address, with the query that it was given with."""

    parts: SplitResult

    @classmethod
    def parse(cls, text: str) -> PingAddress:
        """Raises ValueError, which says what is expected, for what is no address."""
        try:
            parts = urlsplit(text)
            valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            valid = False
        if not valid or not _VISIBLE.fullmatch(text):
            raise ValueError("expected a ping address such as https://hc.example.org/ping/<uuid>")
        if "@" in parts.netloc:
            raise ValueError("expected a ping address without a user name and a password")
        return cls(parts)

    @property
    def host(self) -> str:
        """The server, for messages: the rest of the address is a secret."""
        return self.parts.netloc

    def signal(self, signal: str, run_id: str) -> str:
        """The address of a signal ("start", or an exit status) of a run. A run id in the query stays."""
        query = self.parts.query
        if "rid" not in dict(parse_qsl(query, keep_blank_values=True)):
            query = f"{query}&rid={run_id}" if query else f"rid={run_id}"
        path = f"{self.parts.path.rstrip('/')}/{signal}"
        return self.parts._replace(path=path, query=query, fragment="").geturl()
