"""The API's snoozing: the notifications of a check are held back for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from handlers.api.base import UUID, Routes, requires, route
from handlers.api.check_base import CheckApiHandler
from handlers.api.operation import describes
from handlers.api.schemas import ref
from hcserver.validation import json_fields

_MAX_SECONDS = 31_536_000  # 365 days
_FIELDS: Final[dict[str, json_fields.Reader]] = {
    "seconds": json_fields.integer(0, _MAX_SECONDS),
    "until": json_fields.moment,
}


class SnoozeHandler(CheckApiHandler):
    """checks/<uuid>/snooze: `until` a moment, or for a number of `seconds`; 0 ends it."""

    @requires("write")
    @describes(
        "Notify nobody that the check is down, for a while",
        {200: ref("Check")},
        body=json_fields.object_schema(_FIELDS),
        more="Either `seconds` or `until`.",
    )
    async def post(self, check_id: str) -> None:
        check = await self.find_check(check_id)
        until = self._read_until(self.services.clock())
        self.write_check(await self.services.check_editor.snooze(self.project, check.id, until))

    def _read_until(self, now: datetime) -> datetime | None:
        asked = json_fields.parse(self.data, _FIELDS)
        if len(asked) != 1:
            raise json_fields.fault("expected either seconds or until")
        if asked.get("seconds") == 0:
            return None
        until: datetime = asked["until"] if "until" in asked else now + timedelta(seconds=asked["seconds"])
        if until <= now:
            raise json_fields.fault("until is in the past")
        return until


ROUTES: Routes = [(route(rf"checks/{UUID}/snooze"), SnoozeHandler)]
