"""The API's single checks: show, change, delete, pause, resume."""

from __future__ import annotations

from uuid import UUID as Uuid

from handlers.api.base import UNIQUE_KEY, UUID, Routes, requires, route
from handlers.api.check_base import CheckApiHandler
from handlers.api.operation import Content, describes
from handlers.api.schemas import ref
from hcserver.validation.check import SCHEMA, parse_spec


class CheckHandler(CheckApiHandler):
    """checks/<uuid>"""

    @requires("read")
    @describes("Read a check", {200: ref("Check")})
    async def get(self, check_id: str) -> None:
        self.write_check(await self.find_check(check_id))

    @requires("write")
    @describes("Change a check", {200: ref("Check")}, body=SCHEMA)
    async def post(self, check_id: str) -> None:
        # Whether it is there and whose it is comes before what is wrong with the request.
        check = await self.find_check(check_id)
        spec = parse_spec(self.data, self.version)
        self.write_check(await self.services.check_editor.update(self.project, check.id, spec))

    @requires("write")
    @describes("Delete a check with its pings and flips", {200: ref("Check")})
    async def delete(self, check_id: str) -> None:
        self.write_check(await self.services.check_deletion.delete(self.project, Uuid(check_id)))


class CheckByUniqueKeyHandler(CheckApiHandler):
    """checks/<unique_key>"""

    @requires("read")
    @describes("Read a check", {200: ref("Check")})
    async def get(self, unique_key: str) -> None:
        self.write_check(await self.find_check(unique_key))


class PauseHandler(CheckApiHandler):
    """checks/<uuid>/pause"""

    @requires("write")
    @describes("Stop watching a check", {200: ref("Check")})
    async def post(self, check_id: str) -> None:
        self.write_check(await self.services.check_editor.pause(self.project, Uuid(check_id)))


class ResumeHandler(CheckApiHandler):
    """checks/<uuid>/resume"""

    @requires("write")
    @describes(
        "Watch a paused check again",
        {200: ref("Check"), 409: Content("text/plain", "the check is not paused")},
    )
    async def post(self, check_id: str) -> None:
        self.write_check(await self.services.check_editor.resume(self.project, Uuid(check_id)))


ROUTES: Routes = [
    (route(rf"checks/{UUID}"), CheckHandler),
    (route(rf"checks/{UNIQUE_KEY}"), CheckByUniqueKeyHandler),
    (route(rf"checks/{UUID}/pause"), PauseHandler),
    (route(rf"checks/{UUID}/resume"), ResumeHandler),
]
