"""What the SMTP side needs of the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping, Report


class Core(Protocol):
    """Looks up checks and takes reports."""

    @property
    def body_limit(self) -> int:
        """Bytes of an email that are kept."""

    async def find(self, check: UUID) -> Check:
        """Raises NotFound, Unavailable."""

    async def find_by_slug(self, ping_key: str, slug: str) -> Check:
        """Raises NotFound, Ambiguous, Unavailable."""

    async def record(self, reports: Sequence[Report]) -> Sequence[Ping]:
        """Store the reports; all of them are durable when it returns. One whose token was stored before is
        not stored again. Raises Unavailable, and NotFound when none of the checks exists any more.
        """
