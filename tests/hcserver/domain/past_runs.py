"""Histories of pings for tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from hcserver.domain.ping import Signal


class PastPing(msgspec.Struct, frozen=True, kw_only=True):
    n: int
    type: Signal
    at: datetime
    rid: UUID | None = None
    ignored_end: bool = False


def pings(moments: Iterable[datetime], type: Signal = "success") -> list[PastPing]:
    """Pings of one type at these moments."""
    return [PastPing(n=n, type=type, at=at) for n, at in enumerate(moments, 1)]


def mixed(*reports: tuple[Signal, datetime]) -> list[PastPing]:
    """Pings of these types at these moments."""
    return [PastPing(n=n, type=type, at=at) for n, (type, at) in enumerate(reports, 1)]
