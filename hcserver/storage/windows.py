"""The store of maintenance windows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.storage.client import translated
from hcserver.storage.records import from_document, to_document


class WindowStore:
    """Maintenance windows by project."""

    def __init__(self, database: Any) -> None:
        self._windows = database["windows"]

    async def put(self, window: MaintenanceWindow) -> None:
        """Insert a window, or replace the one with its id."""
        with translated("store a maintenance window"):
            await self._windows.replace_one({"_id": window.id}, to_document(window), upsert=True)

    async def of_project(self, project: UUID) -> list[MaintenanceWindow]:
        """The project's windows, the oldest first."""
        with translated("read maintenance windows"):
            documents = await self._windows.find({"project": project}).to_list(None)
        windows = [from_document(document, MaintenanceWindow) for document in documents]
        return sorted(windows, key=lambda window: (window.created, window.id))

    async def get(self, id: UUID) -> MaintenanceWindow | None:
        with translated("read a maintenance window"):
            document = await self._windows.find_one({"_id": id})
        return None if document is None else from_document(document, MaintenanceWindow)

    async def delete(self, id: UUID) -> None:
        with translated("delete a maintenance window"):
            await self._windows.delete_one({"_id": id})

    async def delete_of_project(self, project: UUID) -> None:
        with translated("delete maintenance windows"):
            await self._windows.delete_many({"project": project})
