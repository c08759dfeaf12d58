"""Identifiers of checks that are derived from their ids."""

from __future__ import annotations

import hashlib
from uuid import UUID


def unique_key(id: UUID) -> str:
    """For whoever may see the check but not ping it: the SHA-1 of the first 16 hex digits of the id.

    See "unique_key" in the documentation of the Management API.
    """
    return hashlib.sha1(id.hex[:16].encode(), usedforsecurity=False).hexdigest()
