"""Hiding from viewers what would let them ping: the ping key and the check's address, wherever they stand."""

from __future__ import annotations

from hcserver.domain.check import Check
from hcserver.domain.project import Project

_HIDDEN = "*"


class Veil:
    """Replaces each letter of these by an asterisk, in what jobs have sent. Editors see everything."""

    def __init__(self, check: Check, project: Project, hides: bool) -> None:
        self.hides = hides
        ids = (str(check.id), check.id.hex)
        self._secrets = (project.ping_key, *ids, *(id.upper() for id in ids)) if hides else ()

    def text(self, text: str) -> str:
        """The text as it may be shown."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN * len(secret))
        return text

    def raw(self, body: bytes) -> bytes:
        """The bytes as they may be shown."""
        for secret in self._secrets:
            body = body.replace(secret.encode(), _HIDDEN.encode() * len(secret))
        return body
