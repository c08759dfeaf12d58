"""Where messages lead: /go/<unique key> leads to the page of the check.

The unique key is in the address instead of the check's id, since whoever knows the id can ping the check, and
messages are read by more people than may do that.
"""

from __future__ import annotations

from handlers.api.base import UNIQUE_KEY
from handlers.pages.base import PageHandler, signed_in


class GoToCheck(PageHandler):
    """For members of the check's project; for others there is no such page."""

    @signed_in
    async def get(self, unique_key: str) -> None:
        id = await self.services.lookup.check_by_alias(unique_key)
        check = await self.open_check(id, "viewer")
        self.go(f"/checks/{check.id}")


ROUTES = [(rf"/go/{UNIQUE_KEY}", GoToCheck)]
