"""A key for managing projects themselves."""

from __future__ import annotations

from datetime import datetime

import msgspec

_ID_LENGTH = 12  # hex digits


class AdminKey(msgspec.Struct, frozen=True, kw_only=True):
    """An admin key, of which only the hash (hexadecimal digits) is stored."""

    hash: str
    created: datetime
    name: str = ""

    @property
    def id(self) -> str:
        """Identifies the key in lists and commands; it does not give access."""
        return self.hash[:_ID_LENGTH]
