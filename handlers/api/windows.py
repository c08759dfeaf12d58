"""The API's maintenance windows."""

from __future__ import annotations

from uuid import UUID as Uuid

from handlers.api.base import UUID, ApiHandler, Routes, requires, route
from handlers.api.payloads import window_payload


class WindowsHandler(ApiHandler):
    """windows/"""

    @requires("write")
    async def get(self) -> None:
        windows = await self.services.windows.of_project(self.project)
        self.write_json({"windows": [window_payload(window) for window in windows]})

    @requires("write")
    async def post(self) -> None:
        window = await self.services.windows.create(self.project, self.data)
        self.write_json(window_payload(window), 201)


class WindowHandler(ApiHandler):
    """windows/<uuid>"""

    @requires("write")
    async def get(self, window_id: str) -> None:
        self.write_json(window_payload(await self.services.windows.get(self.project, Uuid(window_id))))

    @requires("write")
    async def post(self, window_id: str) -> None:
        window = await self.services.windows.update(self.project, Uuid(window_id), self.data)
        self.write_json(window_payload(window))

    @requires("write")
    async def delete(self, window_id: str) -> None:
        self.write_json(window_payload(await self.services.windows.delete(self.project, Uuid(window_id))))


ROUTES: Routes = [(route(r"windows/"), WindowsHandler), (route(rf"windows/{UUID}"), WindowHandler)]
