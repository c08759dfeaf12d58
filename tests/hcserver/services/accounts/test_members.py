from __future__ import annotations

import pytest

from hcserver.domain.member import ProjectMember
from hcserver.domain.project import Project
from hcserver.domain.user import ROLES, User
from hcserver.errors import Conflict, InvalidFields, NotFound
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, MakeServices


@pytest.fixture
async def ann(services: Services) -> User:
    return await services.accounts.users.create("Ann", None)


@pytest.fixture
async def bob(services: Services) -> User:
    return await services.accounts.users.create("bob", None)


async def names(services: Services, user: User) -> list[str]:
    return [f"{one.project.name}: {one.role}" for one in await services.accounts.memberships(user)]


async def test_a_member_has_a_role_in_a_project_and_none_in_others(
    services: Services, project: Project, ann: User
) -> None:
    other, _ = await services.projects.create("other")
    accounts = services.accounts
    assert await accounts.role_in(ann, project.id) is None
    await accounts.members.add(project, ann, "editor")
    assert await accounts.role_in(ann, project.id) == "editor"
    assert await accounts.role_in(ann, other.id) is None
    assert await names(services, ann) == ["main: editor"]
    assert await accounts.members.of_project(project) == [ProjectMember(user=ann, role="editor")]


async def test_an_admin_of_the_server_is_admin_of_all_projects(services: Services, project: Project) -> None:
    root = await services.accounts.users.create("root", None, admin=True)
    assert await names(services, root) == ["main: admin"]
    await services.projects.create("Another")  # the list shows it at once
    assert await names(services, root) == ["Another: admin", "main: admin"]
    assert await services.accounts.role_in(root, project.id) == "admin"
    assert await services.accounts.members.of_project(project) == []


async def test_projects_that_are_renamed_or_deleted_are_so_at_once(
    services: Services, project: Project, ann: User
) -> None:
    await services.accounts.members.add(project, ann, "viewer")
    assert await names(services, ann) == ["main: viewer"]
    await services.projects.rename(project, "backups")
    assert await names(services, ann) == ["backups: viewer"]
    await services.projects.delete(project)
    assert await names(services, ann) == []
    assert await services.storage.members.of_project(project.id) == []


async def test_a_change_in_another_process_is_noticed_in_five_seconds(
    make_services: MakeServices, clock: FakeClock
) -> None:
    here, there = await make_services(), await make_services()
    project, _ = await here.projects.create("main")
    ann = await here.accounts.users.create("ann", None)
    assert await there.accounts.role_in(ann, project.id) is None
    await here.accounts.members.add(project, ann, "viewer")
    clock.advance(5)
    assert await there.accounts.role_in(ann, project.id) == "viewer"


async def test_a_member_is_added_once(services: Services, project: Project, ann: User) -> None:
    await services.accounts.members.add(project, ann, "viewer")
    with pytest.raises(InvalidFields, match="Ann is a member already"):
        await services.accounts.members.add(project, ann, "admin")
    assert await services.accounts.role_in(ann, project.id) == "viewer"


async def test_members_come_by_name_and_their_roles_are_changed(
    services: Services, project: Project, ann: User, bob: User
) -> None:
    members = services.accounts.members
    await members.add(project, bob, "viewer")
    await members.add(project, ann, "viewer")
    await members.change(project, bob, "admin")
    assert [(one.user.name, one.role) for one in await members.of_project(project)] == [
        ("Ann", "viewer"),
        ("bob", "admin"),
    ]
    await members.remove(project, ann)
    assert [one.user.name for one in await members.of_project(project)] == ["bob"]
    assert await services.accounts.role_in(ann, project.id) is None


async def test_who_is_no_member_can_neither_be_changed_nor_removed(
    services: Services, project: Project, ann: User
) -> None:
    for role in ROLES:
        with pytest.raises(NotFound, match="Ann is no member"):
            await services.accounts.members.change(project, ann, role)
    with pytest.raises(NotFound, match="Ann is no member"):
        await services.accounts.members.remove(project, ann)


async def test_the_last_admin_of_a_project_stays_unless_the_server_has_one(
    services: Services, project: Project, ann: User, bob: User
) -> None:
    members = services.accounts.members
    await members.add(project, ann, "admin")
    await members.add(project, bob, "editor")
    with pytest.raises(Conflict, match="needs an admin"):
        await members.remove(project, ann)
    with pytest.raises(Conflict, match="needs an admin"):
        await members.change(project, ann, "editor")
    await members.change(project, ann, "admin")
    await members.change(project, bob, "admin")
    await members.remove(project, ann)
    with pytest.raises(Conflict):
        await members.remove(project, bob)
    await services.accounts.users.create("root", None, admin=True)
    await members.remove(project, bob)
    assert await members.of_project(project) == []
