from __future__ import annotations

from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later


def a_window(**fields: Any) -> MaintenanceWindow:
    return MaintenanceWindow(**{"id": uuid4(), "project": uuid4(), "created": NOW, **fields})


async def test_a_window_comes_back_as_it_was_stored(storage: Storage) -> None:
    once = a_window(name="move", check=uuid4(), start=NOW, end=later(60))
    often = a_window(tag="db", schedule="0 3 * * *", tz="Europe/Riga", minutes=90)
    for window in (once, often):
        await storage.windows.put(window)
        assert await storage.windows.get(window.id) == window
    assert await storage.windows.get(uuid4()) is None


async def test_a_window_is_replaced_as_a_whole(storage: Storage) -> None:
    window = a_window(start=NOW, end=later(60))
    await storage.windows.put(window)
    changed = replace(window, start=None, end=None, schedule="0 3 * * *", minutes=5)
    await storage.windows.put(changed)
    assert await storage.windows.of_project(window.project) == [changed]


async def test_windows_of_a_project_come_in_the_order_of_their_creation(storage: Storage) -> None:
    project = uuid4()
    windows = [a_window(project=project, created=later(seconds)) for seconds in (2, 1, 3)]
    for window in [*windows, a_window()]:
        await storage.windows.put(window)
    assert await storage.windows.of_project(project) == [windows[1], windows[0], windows[2]]


async def test_windows_are_deleted_one_by_one_or_with_their_project(storage: Storage) -> None:
    project = uuid4()
    windows = [a_window(project=project) for _ in range(3)]
    another = a_window()
    for window in [*windows, another]:
        await storage.windows.put(window)
    await storage.windows.delete(windows[0].id)
    assert len(await storage.windows.of_project(project)) == 2
    await storage.windows.delete_of_project(project)
    assert await storage.windows.of_project(project) == []
    assert await storage.windows.get(another.id) == another
