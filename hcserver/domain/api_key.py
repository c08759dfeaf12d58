"""A named API key of a project, besides the two that each project has."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args
from uuid import UUID

import msgspec

KeyAccess = Literal["read-write", "read-only"]
KEY_ACCESSES: Final[tuple[KeyAccess, ...]] = get_args(KeyAccess)

PREFIX: Final = "hck_"  # of the key in clear; no other kind of key begins with it
_ID_LENGTH: Final = 12  # hex digits
ID_PATTERN: Final = rf"[0-9a-f]{{{_ID_LENGTH}}}"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A named API key, of which only the hash (hexadecimal digits) is stored. `last_used` is true to some
    minutes; None: it was not used yet.
    """

    hash: str
    project: UUID
    name: str
    access: KeyAccess
    created: datetime
    last_used: datetime | None = None

    @property
    def id(self) -> str:
        """Identifies the key in lists and commands; it does not give access."""
        return self.hash[:_ID_LENGTH]

    @property
    def writable(self) -> bool:
        """Whether it lets programs change something."""
        return self.access == "read-write"
