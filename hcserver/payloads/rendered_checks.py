"""The JSON documents of checks, kept in memory until they change: making one takes some 20 us."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from hcserver.domain.check import Check
from hcserver.payloads.check import check_payload, payload_holds_until

MAX_BYTES = 32_000_000  # of memory: some 25,000 documents
_OVERHEAD = 500  # bytes that a kept document takes beside its text, approximately


class RenderedChecks:
    """Documents as `check_payload` makes them, of `max_bytes` at most: those not used for longest leave."""

    def __init__(self, base_url: str, max_bytes: int = MAX_BYTES) -> None:
        self._base_url = base_url
        self._max_bytes = max_bytes
        self._bytes = 0
        # (check, version of the API, whether for a read-write key) -> document, the least recently used first
        self._documents: dict[tuple[UUID, int, bool], _Document] = {}

    def document(self, check: Check, now: datetime, version: int, writable: bool) -> bytes:
        """The check in JSON, as it is at `now`."""
        key = check.id, version, writable
        document = self._documents.pop(key, None)
        if document is None or not document.holds(check, now):
            if document is not None:
                self._bytes -= document.size
            text = msgspec.json.encode(check_payload(check, now, self._base_url, version, writable))
            document = _Document(check, now, payload_holds_until(check, now), text)
            self._bytes += document.size
        self._documents[key] = document
        while self._bytes > self._max_bytes:
            self._bytes -= self._documents.pop(next(iter(self._documents))).size
        return document.text


class _Document(NamedTuple):
    check: Check
    since: datetime
    until: datetime | None
    text: bytes

    @property
    def size(self) -> int:
        return len(self.text) + _OVERHEAD

    def holds(self, check: Check, now: datetime) -> bool:
        """Whether it is the document of just this state of the check, at `now`."""
        return self.check is check and self.since <= now and (self.until is None or now < self.until)
