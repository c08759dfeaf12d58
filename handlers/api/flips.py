"""The API's list of a check's flips."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handlers.api.base import UNIQUE_KEY, UUID, Routes, requires, route
from handlers.api.check_base import CheckApiHandler
from handlers.api.operation import describes
from handlers.api.payloads import flip_payload
from handlers.api.query import read_limit, read_number_cursor
from handlers.api.schemas import CURSOR, PAGE_SIZE, WHEN, listed
from hcserver.validation.query import moment, number

_MAX_SECONDS = 31_536_000  # 365 days


class FlipsHandler(CheckApiHandler):
    """checks/<uuid or unique_key>/flips/"""

    @requires("read")
    @describes(
        "List changes of status, the newest first",
        {200: listed("flips", "Flip", paged=True)},
        query={
            "start": WHEN,
            "end": WHEN,
            "seconds": {"type": "integer", "minimum": 0, "maximum": _MAX_SECONDS},
            "limit": PAGE_SIZE,
            "after": CURSOR,
        },
    )
    async def get(self, identifier: str) -> None:
        check = await self.find_check(identifier)
        query = self.query()
        start, end = moment(query, "start"), moment(query, "end")
        seconds = number(query, "seconds", 0, _MAX_SECONDS) if query.get("seconds", [""])[-1] else None
        if seconds is not None:
            recent = self.services.clock() - timedelta(seconds=seconds)
            start = recent if start is None else max(start, recent)
        limit, before = read_limit(query), read_number_cursor(query)
        flips = await self.services.checks.flips(check, start, end)
        flips = [flip for flip in flips if before is None or flip.n < before]
        page: dict[str, Any] = {}
        if limit is not None:
            page["next"] = str(flips[limit - 1].n) if len(flips) > limit else None
            flips = flips[:limit]
        self.write_json({"flips": [flip_payload(flip) for flip in flips], **page})


ROUTES: Routes = [
    (route(rf"checks/{UUID}/flips/"), FlipsHandler),
    (route(rf"checks/{UNIQUE_KEY}/flips/"), FlipsHandler),
]
