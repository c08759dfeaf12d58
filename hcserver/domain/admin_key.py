"""A key for managing projects themselves."""

from __future__ import annotations

from datetime import datetime

import msgspec

_ID_LENGTH = 12  # hex digits


class AdminKey(msgspec.Struct, frozen=True, kw_only=True):
    """Known only by its hash (hex digits)."""

    hash: str
    created: datetime
    name: str = ""

    @property
    def id(self) -> str:
        """What people call it by; of no use as a key."""
        return self.hash[:_ID_LENGTH]
