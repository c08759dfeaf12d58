from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from hcserver.domain.api_key import ApiKey
from hcserver.domain.channel import Channel
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.doctor.finding import Finding
from hcserver.services.doctor.references import examine_references
from hcserver.storage import Storage
from hcserver.storage.inspection import Inspection
from hcserver.storage.key_file import KeyFile
from tests.hcserver.services.conftest import create


async def examined(services: Services, fix: bool = False, storage: Storage | None = None) -> list[Finding]:
    inspection = Inspection(services.database)
    return [one async for one in examine_references(storage or services.storage, inspection, fix)]


async def problems(services: Services, **options: Any) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in await examined(services, **options) if one.level != "ok"]


def window(services: Services, project: UUID, check: UUID | None = None) -> MaintenanceWindow:
    now = services.clock()
    return MaintenanceWindow(id=uuid4(), project=project, created=now, check=check, start=now, end=now)


async def add_channel(services: Services, project: Project) -> UUID:
    id, now = uuid4(), services.clock()
    target = "https://example.org/"
    channel = Channel(id=id, project=project.id, created=now, kind="webhook", name="Hook", target=target)
    await services.storage.channels.insert(channel)
    return id


async def test_what_belongs_to_what_exists_is_no_problem(services: Services, project: Project) -> None:
    check = await create(services, project)
    await add_channel(services, project)
    await services.storage.windows.put(window(services, project.id, check.id))
    await services.storage.windows.put(window(services, project.id))
    assert await problems(services) == []


async def test_windows_of_checks_and_projects_that_do_not_exist_are_removed(
    services: Services, project: Project
) -> None:
    kept = window(services, project.id)
    for one in (kept, window(services, project.id, uuid4()), window(services, uuid4())):
        await services.storage.windows.put(one)
    text = "2 maintenance windows of projects or checks that do not exist"
    assert await problems(services) == [("warning", f"found {text}")]
    assert await problems(services) == [("warning", f"found {text}")]  # nothing was changed
    assert [(one.fixed, one.text) for one in await examined(services, fix=True)] == [
        (True, f"removed {text}")
    ]
    assert await problems(services) == []
    assert await services.storage.windows.of_project(project.id) == [kept]


async def test_channels_of_projects_that_do_not_exist_are_removed(
    services: Services, project: Project
) -> None:
    await add_channel(services, project)
    await services.database["channels"].update_many({}, {"$set": {"project": uuid4()}})
    text = "1 channel of projects or checks that do not exist"
    assert await problems(services) == [("warning", f"found {text}")]
    await examined(services, fix=True)
    assert await services.database["channels"].count_documents({}) == 0


async def test_api_keys_of_projects_that_do_not_exist_are_removed(
    services: Services, project: Project
) -> None:
    kept, _ = await services.api_keys.create(project, "backup", "read-only")
    left = ApiKey(hash="h", project=uuid4(), name="old", access="read-only", created=services.clock())
    await services.storage.api_keys.insert(left)
    text = "1 API key of projects or checks that do not exist"
    assert await problems(services) == [("warning", f"found {text}")]
    await examined(services, fix=True)
    assert await services.storage.api_keys.get(left.hash) is None
    assert await services.storage.api_keys.get(kept.hash) == kept


async def test_checks_of_a_project_that_does_not_exist_are_an_error_and_stay(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    await services.storage.projects.delete(project.id)
    wrong = [("error", f"1 check of project {project.id}, which does not exist")]
    assert await problems(services, fix=True) == wrong
    assert await services.storage.checks.load([check.id])


async def test_a_check_with_a_channel_that_does_not_exist_is_a_warning(
    services: Services, project: Project
) -> None:
    check, channel = await create(services, project), uuid4()
    await services.database["checks"].update_one({"_id": check.id}, {"$set": {"channels": [channel]}})
    assert await problems(services) == [("warning", f"1 check with channel {channel}, which does not exist")]


async def test_channels_that_can_not_be_decrypted_are_an_error(
    services: Services, project: Project, tmp_path: Path
) -> None:
    await add_channel(services, project)
    other = KeyFile(tmp_path / "other.key")
    other.current()
    assert await problems(services, storage=Storage(services.database, other)) == [
        ("error", "none of the keys in the key file decrypts 1 channel of project main")
    ]
