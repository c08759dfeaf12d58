"""UUIDs in their usual form: 32 hexadecimal digits in five groups, in either case (RFC 9562 section 4)."""

from __future__ import annotations

import re
from uuid import UUID

UUID_PATTERN = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # has no groups
_UUID = re.compile(UUID_PATTERN)


def parse_uuid(text: str) -> UUID | None:
    """The UUID that `text` is; None for anything else.

    Stricter than UUID(), which also takes braces, "urn:uuid:" and digits without hyphens.
    """
    return UUID(text) if _UUID.fullmatch(text) else None
