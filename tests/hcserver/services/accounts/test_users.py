from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.domain.project import Project
from hcserver.errors import InvalidFields, NotFound, Unauthorized
from hcserver.services.accounts.users import Users, as_name
from hcserver.services.container import Services
from hcserver.storage.users import UserStore
from tests.hcserver.services.conftest import FakeClock


@pytest.fixture
def users(services: Services) -> Users:
    return services.accounts.users


async def test_a_user_is_found_by_name_in_any_case(users: Users) -> None:
    assert not await users.any()
    user = await users.create(" Ann ", "correct horse", admin=True)
    assert (user.name, user.admin) == ("Ann", True)
    assert await users.any()
    assert await users.find("aNN ") == await users.get(user.id) == user
    assert await users.all() == [user]


async def test_the_database_has_no_password(users: Users, database: Any) -> None:
    await users.create("ann", "correct horse")
    (stored,) = await database["users"].find().to_list(None)
    assert stored["password_hash"].startswith("$argon2id$")
    assert "correct horse" not in repr(stored)


@pytest.mark.parametrize("name", ["ann", "ANN", " ann"])
async def test_a_name_that_is_taken_is_refused(users: Users, name: str) -> None:
    await users.create("ann", None)
    with pytest.raises(InvalidFields, match="There is a user"):
        await users.create(name, None)


async def test_simultaneous_users_of_one_name_are_created_once(users: Users) -> None:
    outcomes = await asyncio.gather(*(users.create("ann", None) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(outcome, InvalidFields) for outcome in outcomes) == 2
    assert len(await users.all()) == 1


async def test_a_user_that_can_not_be_is_refused_with_all_faults(users: Users) -> None:
    with pytest.raises(InvalidFields) as caught:
        await users.create("", "short")
    assert list(caught.value.faults) == ["name", "password"]
    assert not await users.any()


@pytest.mark.parametrize("name", ["bob", "", "\ud800", "a\0b", "x" * 101])
async def test_an_unknown_user_is_not_found(users: Users, name: str) -> None:
    await users.create("ann", None)
    with pytest.raises(NotFound):
        await users.find(name)
    assert await users.recent(name) is None
    assert as_name("ann") == "ann"


async def test_a_new_password_ends_all_sessions(services: Services, users: Users) -> None:
    user = await users.create("ann", "correct horse")
    token = await services.accounts.sign_in("ann", "correct horse", "::1", "")
    with pytest.raises(InvalidFields):
        await users.set_password(user, "short")
    assert await services.accounts.session(token)
    await users.set_password(user, "battery staple")
    assert await services.accounts.session(token) is None
    with pytest.raises(Unauthorized):
        await services.accounts.sign_in("ann", "correct horse", "::1", "")
    assert await services.accounts.sign_in("ann", "battery staple", "::1", "")


async def test_a_deleted_user_is_signed_out_and_member_of_nothing(
    services: Services, users: Users, project: Project
) -> None:
    user = await users.create("ann", "correct horse")
    await services.accounts.members.add(project, user, "editor")
    token = await services.accounts.sign_in("ann", "correct horse", "::1", "")
    assert await services.accounts.session(token)
    assert await users.recent("ann") == user
    await users.delete(user)
    assert await services.accounts.session(token) is None
    assert await services.accounts.memberships(user) == []
    assert await services.storage.members.of_user(user.id) == []
    assert await users.recent("ann") is None
    with pytest.raises(NotFound):
        await users.get(user.id)


async def test_a_name_that_is_asked_for_often_is_read_once_in_five_seconds(
    users: Users, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, by_name = [], UserStore.by_name

    async def counted(store: UserStore, name: str) -> Any:
        reads.append(name)
        return await by_name(store, name)

    user = await users.create("ann", None)
    monkeypatch.setattr(UserStore, "by_name", counted)
    for _ in range(3):
        assert await users.recent("ANN") == user
        assert await users.recent("bob") is None
    assert sorted(reads) == ["ANN", "bob"]
    bob = await users.create("bob", None)  # what was not there is found at once when it is
    assert await users.recent("bob") == bob
    clock.advance(5)
    assert await users.recent("ann") == user


async def test_whether_there_is_a_user_is_read_once_in_five_seconds(
    users: Users, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, any_user = [], UserStore.any

    async def counted(store: UserStore) -> bool:
        reads.append(store)
        return await any_user(store)

    monkeypatch.setattr(UserStore, "any", counted)
    for _ in range(3):
        assert not await users.any_recently()
    assert len(reads) == 1
    await users.create("ann", None)
    for _ in range(3):
        assert await users.any_recently()
    assert len(reads) == 2
    clock.advance(5)
    assert await users.any_recently()
    assert len(reads) == 3
