"""What the handlers of everything below checks/ have in common."""

from __future__ import annotations

from uuid import UUID

from handlers.api.base import ApiHandler
from hcserver.domain.check import Check

_UNIQUE_KEY_LENGTH = 40


class CheckApiHandler(ApiHandler):
    """Finds checks, and shows them as the key may see them."""

    async def find_check(self, identifier: str) -> Check:
        """The check with that id or unique key. Raises NotFound, Forbidden."""
        if len(identifier) == _UNIQUE_KEY_LENGTH:
            return await self.services.checks.by_unique_key(self.project, identifier)
        return await self.services.checks.get(self.project, UUID(identifier))

    def check_document(self, check: Check) -> bytes:
        """The check in JSON."""
        now = self.services.clock()
        return self.services.rendered_checks.document(check, now, self.version, self.writable)

    def write_check(self, check: Check, status: int = 200) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.write(self.check_document(check))
