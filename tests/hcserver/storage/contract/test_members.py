from __future__ import annotations

from uuid import UUID, uuid4

from hcserver.domain.member import Member
from hcserver.domain.user import Role
from hcserver.storage import Storage


async def put(storage: Storage, project: UUID, user: UUID, role: Role = "viewer") -> Member:
    member = Member(project=project, user=user, role=role)
    await storage.members.put(member)
    return member


async def test_members_are_found_by_project_and_by_user(storage: Storage) -> None:
    project, user = uuid4(), uuid4()
    both = await put(storage, project, user, "admin")
    of_user = await put(storage, uuid4(), user)
    of_project = await put(storage, project, uuid4())
    assert await storage.members.get(project, user) == both
    assert await storage.members.get(user, project) is None
    assert set(await storage.members.of_user(user)) == {both, of_user}
    assert set(await storage.members.of_project(project)) == {both, of_project}


async def test_a_member_has_one_role(storage: Storage) -> None:
    project, user = uuid4(), uuid4()
    await put(storage, project, user, "admin")
    viewer = await put(storage, project, user, "viewer")
    assert await storage.members.of_project(project) == [viewer]


async def test_members_are_deleted_one_by_one_by_user_and_by_project(storage: Storage) -> None:
    (one, two), (ann, bob) = (uuid4(), uuid4()), (uuid4(), uuid4())
    for project in (one, two):
        for user in (ann, bob):
            await put(storage, project, user)
    await storage.members.delete(one, ann)
    assert [member.user for member in await storage.members.of_project(one)] == [bob]
    await storage.members.delete_of_user(ann)
    assert [member.user for member in await storage.members.of_project(two)] == [bob]
    await storage.members.delete_of_project(two)
    assert [member.project for member in await storage.members.of_user(bob)] == [one]
