"""Checks of another monitor, in the words of our API."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from hcserver.services.importing.history import History


class SourceCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check as it is at its source. `fields` are those of a request to our API, not yet validated."""

    id: UUID | None  # None: the source has no ids that could be kept
    address: str  # where it is pinged at the source; "": unknown
    fields: Mapping[str, object]
    badge: UUID | None = None  # the id in the address of its badge
    channels: tuple[str, ...] | None = None  # the names of its channels; None: unknown
    depends_on: tuple[UUID, ...] = ()  # ids of checks of the source; (): none, or unknown
    paused: bool = False
    history: History | None = None  # what a new check brings along; None: it begins anew

    @property
    def label(self) -> str:
        """What people know it by."""
        return str(self.fields.get("name") or self.fields.get("slug") or self.id or "(without a name)")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be imported. `channels` are the names of all channels of the source's project."""

    checks: tuple[SourceCheck, ...]
    channels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
