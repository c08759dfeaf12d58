"""The API's single checks: show, change, delete, pause, resume."""

from __future__ import annotations

from uuid import UUID as Uuid

from handlers.api.base import UNIQUE_KEY, UUID, Routes, requires, route
from handlers.api.check_base import CheckApiHandler
from hcserver.validation.check import parse_spec


class CheckHandler(CheckApiHandler):
    """checks/<uuid>"""

    @requires("read")
    async def get(self, check_id: str) -> None:
        self.write_check(await self.find_check(check_id))

    @requires("write")
    async def post(self, check_id: str) -> None:
        # Whether it is there and whose it is comes before what is wrong with the request.
        check = await self.find_check(check_id)
        spec = parse_spec(self.data, self.version)
        self.write_check(await self.services.check_editor.update(self.project, check.id, spec))

    @requires("write")
    async def delete(self, check_id: str) -> None:
        self.write_check(await self.services.check_deletion.delete(self.project, Uuid(check_id)))


class CheckByUniqueKeyHandler(CheckApiHandler):
    """checks/<unique_key>"""

    @requires("read")
    async def get(self, unique_key: str) -> None:
        self.write_check(await self.find_check(unique_key))


class PauseHandler(CheckApiHandler):
    """checks/<uuid>/pause"""

    @requires("write")
    async def post(self, check_id: str) -> None:
        self.write_check(await self.services.check_editor.pause(self.project, Uuid(check_id)))


class ResumeHandler(CheckApiHandler):
    """checks/<uuid>/resume"""

    @requires("write")
    async def post(self, check_id: str) -> None:
        self.write_check(await self.services.check_editor.resume(self.project, Uuid(check_id)))


ROUTES: Routes = [
    (route(rf"checks/{UUID}"), CheckHandler),
    (route(rf"checks/{UNIQUE_KEY}"), CheckByUniqueKeyHandler),
    (route(rf"checks/{UUID}/pause"), PauseHandler),
    (route(rf"checks/{UUID}/resume"), ResumeHandler),
]
