"""The health of the server itself."""

from __future__ import annotations

from handlers.api.base import ApiHandler, Routes, requires, route
from handlers.api.operation import Content, describes
from handlers.api.schemas import ref


class StatusHandler(ApiHandler):
    """status/: `OK`, or 503 with the problems: {"status": "ill", "problems": {part: text}}."""

    answers_while_starting = True

    @requires("open")
    @describes(
        "Ask whether the server is healthy", {200: Content("text/plain", "`OK`"), 503: ref("Problems")}
    )
    async def get(self) -> None:
        problems = await self.services.health.problems()
        if problems:
            self.write_json({"status": "ill", "problems": problems}, 503)
        else:
            self.write_text("OK")


ROUTES: Routes = [(route(r"status/"), StatusHandler)]
