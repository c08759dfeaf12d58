from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Forbidden, InvalidRequest, NotFound
from hcserver.services.container import Services
from hcserver.services.management import windows as windows_module
from tests.hcserver.services.conftest import FakeClock, create


def an_hour(clock: FakeClock, **members: object) -> dict[str, object]:
    end = clock.now + timedelta(hours=1)
    return {"start": clock.now.isoformat(), "end": end.isoformat(), **members}


async def test_windows_are_listed_the_oldest_first(
    services: Services, project: Project, clock: FakeClock
) -> None:
    made = []
    for name in ("a", "b"):
        made.append(await services.windows.create(project, an_hour(clock, name=name)))
        clock.advance(1)
    assert await services.windows.of_project(project) == made


async def test_a_window_belongs_to_one_project(
    services: Services, project: Project, clock: FakeClock
) -> None:
    other, _ = await services.projects.create("other")
    window = await services.windows.create(project, an_hour(clock))
    assert await services.windows.get(project, window.id) == window
    with pytest.raises(Forbidden):
        await services.windows.get(other, window.id)
    with pytest.raises(NotFound):
        await services.windows.get(project, uuid4())
    with pytest.raises(Forbidden):
        await services.windows.delete(other, window.id)


async def test_a_window_is_for_a_check_of_its_project(
    services: Services, project: Project, clock: FakeClock
) -> None:
    other, _ = await services.projects.create("other")
    check, foreign = await create(services, project), await create(services, other)
    window = await services.windows.create(project, an_hour(clock, check=str(check.id)))
    assert window.check == check.id
    for id in (foreign.id, uuid4()):
        with pytest.raises(InvalidRequest, match="check is no check of the project"):
            await services.windows.create(project, an_hour(clock, check=str(id)))
        with pytest.raises(InvalidRequest, match="check is no check of the project"):
            await services.windows.update(project, window.id, {"check": str(id)})
    assert await services.windows.get(project, window.id) == window


async def test_a_project_has_only_so_many_windows(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows_module, "MAX_WINDOWS", 2)
    for _ in range(2):
        await services.windows.create(project, an_hour(clock))
    with pytest.raises(Forbidden, match="maintenance window limit reached"):
        await services.windows.create(project, an_hour(clock))
    assert len(await services.windows.of_project(project)) == 2


async def test_a_deleted_window_is_gone(services: Services, project: Project, clock: FakeClock) -> None:
    window = await services.windows.create(project, an_hour(clock))
    assert await services.windows.delete(project, window.id) == window
    with pytest.raises(NotFound):
        await services.windows.update(project, window.id, {"name": "x"})
    assert await services.windows.of_project(project) == []
