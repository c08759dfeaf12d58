"""Reading the state of checks from the two places that have it: their documents and their logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.services.intake.logged_tokens import LoggedTokens
from hcserver.storage import Storage
from hcserver.storage.checks import Stored

LOOKED_UP_TOGETHER = 500  # places in the log, in half the time that a hundred at a time take
_READ_AGAIN = 10  # times; a log that still has less than was appended has been tampered with


class StateReader:
    """Every method raises Unavailable when the database is away."""

    def __init__(self, storage: Storage, logged_tokens: LoggedTokens) -> None:
        self._storage = storage
        self._logged_tokens = logged_tokens

    async def documents(self, ids: Iterable[UUID]) -> dict[UUID, Stored]:
        """Those of the checks that exist, as their documents have them."""
        return await self._storage.checks.load(ids)

    async def behind(self, checks: Iterable[Stored]) -> set[UUID]:
        """Those of the checks whose logs have pings that their documents do not count."""
        return await self._storage.pings.behind(checks)

    async def existing(self, places: Iterable[tuple[UUID, int]]) -> set[UUID]:
        """Those of the checks whose logs have a ping at these places, of which few do."""
        return {check for check, _ in await self._storage.pings.tokens(places, LOOKED_UP_TOGETHER)}

    async def uncounted(
        self, stored: Stored, behind: bool, counted_in_memory: Callable[[], int] = lambda: 0
    ) -> list[Ping]:
        """The pings that the document does not count, oldest first, without bodies.

        Without `behind` the log is known to have had none. It is read again if meanwhile this process has
        acknowledged more than that: `counted_in_memory` says how many pings it counts. Appends of ours that
        failed may have put them there: they are remembered.
        """
        check = stored.check
        pings = await self._storage.pings.tail(check.id, check.n_pings) if behind else []
        for _ in range(_READ_AGAIN):
            if counted_in_memory() <= check.n_pings + len(pings):
                break
            pings = await self._storage.pings.tail(check.id, check.n_pings)
        self._logged_tokens.remember(pings)
        return pings

    async def remove_late_pings(self, check: Check) -> None:
        """Remove what was appended to a check that another process has deleted."""
        last = check.n_pings
        last += len(await self._storage.pings.tail(check.id, last))
        await self._storage.tombstones.extend(check.id, last)
        await self._storage.pings.delete(check.id, check.log_from, last)
        await self._storage.flips.delete(check.id)
