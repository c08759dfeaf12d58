"""What the handlers of everything below checks/ have in common."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from handlers.api.base import ApiHandler
from hcserver.domain.check import Check
from hcserver.payloads.check import check_payload

_UNIQUE_KEY_LENGTH = 40


class CheckApiHandler(ApiHandler):
    """Finds checks, and shows them as the key may see them."""

    async def find_check(self, identifier: str) -> Check:
        """The check with that id or unique key. Raises NotFound, Forbidden."""
        if len(identifier) == _UNIQUE_KEY_LENGTH:
            return await self.services.checks.by_unique_key(self.project, identifier)
        return await self.services.checks.get(self.project, UUID(identifier))

    def check_payload(self, check: Check) -> dict[str, Any]:
        return check_payload(check, self.services.clock(), self.base_url, self.version, self.writable)

    def write_check(self, check: Check, status: int = 200) -> None:
        self.write_json(self.check_payload(check), status)
