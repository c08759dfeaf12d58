"""The API's maintenance windows."""

from __future__ import annotations

from uuid import UUID as Uuid

from handlers.api.base import UUID, ApiHandler, Routes, requires, route
from handlers.api.operation import describes
from handlers.api.payloads import window_payload
from handlers.api.schemas import listed, ref
from hcserver.validation.window import SCHEMA


class WindowsHandler(ApiHandler):
    """windows/"""

    @requires("write")
    @describes("List maintenance windows", {200: listed("windows", "Window")})
    async def get(self) -> None:
        windows = await self.services.windows.of_project(self.project)
        self.write_json({"windows": [window_payload(window) for window in windows]})

    @requires("write")
    @describes(
        "Create a maintenance window",
        {201: ref("Window"), 403: ref("Error")},
        body=SCHEMA,
        more="Either `start` and `end`, or `schedule` and `minutes`.",
    )
    async def post(self) -> None:
        window = await self.services.windows.create(self.project, self.data)
        self.write_json(window_payload(window), 201)


class WindowHandler(ApiHandler):
    """windows/<uuid>"""

    @requires("write")
    @describes("Read a maintenance window", {200: ref("Window")})
    async def get(self, window_id: str) -> None:
        self.write_json(window_payload(await self.services.windows.get(self.project, Uuid(window_id))))

    @requires("write")
    @describes("Change a maintenance window", {200: ref("Window")}, body=SCHEMA)
    async def post(self, window_id: str) -> None:
        window = await self.services.windows.update(self.project, Uuid(window_id), self.data)
        self.write_json(window_payload(window))

    @requires("write")
    @describes("Delete a maintenance window", {200: ref("Window")})
    async def delete(self, window_id: str) -> None:
        self.write_json(window_payload(await self.services.windows.delete(self.project, Uuid(window_id))))


ROUTES: Routes = [(route(r"windows/"), WindowsHandler), (route(rf"windows/{UUID}"), WindowHandler)]
