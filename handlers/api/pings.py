"""The API's log of pings, and their bodies."""

from __future__ import annotations

import re
from uuid import UUID as Uuid

from handlers.api.base import UUID, Routes, requires, route
from handlers.api.check_base import CheckApiHandler
from handlers.api.operation import Content, describes
from handlers.api.payloads import ping_payload
from handlers.api.query import read_limit, read_number_cursor
from handlers.api.schemas import CURSOR, PAGE_SIZE, listed, ref
from hcserver.errors import NotFound

_NUMBER = re.compile(r"[0-9]{1,11}")


class PingsHandler(CheckApiHandler):
    """checks/<uuid>/pings/"""

    @requires("write")
    @describes(
        "List pings, the newest first",
        {200: listed("pings", "Ping", paged=True)},
        query={"limit": PAGE_SIZE, "after": CURSOR},
    )
    async def get(self, check_id: str) -> None:
        check = await self.find_check(check_id)
        query = self.query()
        kept = self.services.checks.pings_kept(self.project)
        limit = read_limit(query)
        oldest = self.services.checks.oldest_shown(self.project, check)
        before = read_number_cursor(query)
        newest = check.n_pings if before is None else min(before - 1, check.n_pings)
        count = max(min(limit or kept, newest - oldest + 1), 0)
        pings = await self.services.checks.pings(check, count, newest + 1)
        durations = await self.services.checks.durations(check, pings)
        has_more = bool(pings) and pings[-1].n > oldest
        if newest - count < oldest:
            failures = await self.services.checks.old_failures(self.project, check)
            failures = [ping for ping in failures if before is None or ping.n < before]
            room = len(failures) if limit is None else limit - count
            pings += failures[:room]
            has_more = len(failures) > room
        payloads = [ping_payload(ping, durations, self.base_url, self.version) for ping in pings]
        page = {} if limit is None else {"next": str(pings[-1].n) if pings and has_more else None}
        self.write_json({"pings": payloads, **page})

    @requires("write")
    @describes(
        "Clear the log: remove its pings and their bodies",
        {200: ref("Check")},
        more="The state of the check, its flips and the numbers of its pings stay.",
    )
    async def delete(self, check_id: str) -> None:
        self.write_check(await self.services.log_clearing.clear(self.project, Uuid(check_id)))


class PingBodyHandler(CheckApiHandler):
    """checks/<uuid>/pings/<n>/body"""

    @requires("write")
    @describes(
        "Read the body of a ping, byte for byte", {200: Content("text/plain", "the body as it was received")}
    )
    async def get(self, check_id: str, number: str) -> None:
        check = await self.find_check(check_id)
        # No ping has a number of more digits than this.
        n = int(number) if _NUMBER.fullmatch(number) else 0
        ping = await self.services.checks.shown_ping(self.project, check, n)
        if not ping.body:
            raise NotFound("not found")
        self.set_header("Content-Type", "text/plain")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.write(ping.body)


ROUTES: Routes = [
    (route(rf"checks/{UUID}/pings/"), PingsHandler),
    (route(rf"checks/{UUID}/pings/([0-9]+)/body"), PingBodyHandler),
]
