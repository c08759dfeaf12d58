from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.errors import InvalidFields, NotFound
from hcserver.services.accounts.accounts import Accounts
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, MakeServices, create

PASSWORD = "correct horse"


async def offered(accounts: Accounts) -> str:
    token = await accounts.offer_setup()
    assert token is not None
    return token


async def set_up(accounts: Accounts, token: str, project: str = "", name: str = "ann") -> str:
    return await accounts.set_up(token, name, PASSWORD, project, "::1", "Firefox")


async def projects(services: Services) -> list[str]:
    return [one.name for one in await services.projects.all()]


async def test_the_first_user_is_created_signed_in_and_admin_of_the_server(services: Services) -> None:
    token = await offered(services.accounts)
    await services.accounts.require_setup_token(token)
    signed_in = await services.accounts.session(await set_up(services.accounts, token))
    assert signed_in is not None and signed_in.session is not None
    assert (signed_in.user.name, signed_in.user.admin) == ("ann", True)
    assert signed_in.session.user_agent == "Firefox"
    assert await services.accounts.sign_in("ann", PASSWORD, "::1", "")


async def test_the_database_has_no_set_up_token(services: Services, database: Any) -> None:
    token = await offered(services.accounts)
    assert token not in repr(await database["setup_tokens"].find().to_list(None))


async def test_a_token_is_good_once_in_any_process(make_services: MakeServices) -> None:
    here, there = await make_services(), await make_services()
    tokens = [await offered(here.accounts), await offered(there.accounts)]
    outcomes = await asyncio.gather(
        set_up(here.accounts, tokens[1], name="ann"),
        set_up(there.accounts, tokens[0], name="bob"),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes if not isinstance(outcome, str)] == [NotFound]
    assert len(await here.accounts.users.all()) == 1
    for token in tokens:
        with pytest.raises(NotFound, match="not valid"):
            await here.accounts.require_setup_token(token)
    assert await there.accounts.offer_setup() is None


async def test_a_token_is_good_for_seven_days(services: Services, clock: FakeClock) -> None:
    token = await offered(services.accounts)
    clock.advance(7 * 86400 - 1)
    await services.accounts.require_setup_token(token)
    clock.advance(1)
    with pytest.raises(NotFound):
        await set_up(services.accounts, token)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 1_000_000, "\ud800"])
async def test_what_is_no_token_sets_nothing_up(services: Services, token: str) -> None:
    await offered(services.accounts)
    with pytest.raises(NotFound):
        await set_up(services.accounts, token)
    assert not await services.accounts.users.any()


async def test_no_token_is_good_once_a_user_was_created_otherwise(services: Services) -> None:
    token = await offered(services.accounts)
    await services.accounts.users.create("bob", None)
    with pytest.raises(NotFound):
        await set_up(services.accounts, token)


async def test_the_project_of_the_first_start_is_renamed(services: Services) -> None:
    project, _ = await services.projects.create("main")
    await set_up(services.accounts, await offered(services.accounts), " Home ")
    (renamed,) = await services.projects.all()
    assert (renamed.id, renamed.name) == (project.id, "Home")


async def test_without_a_name_the_projects_stay_as_they_are(services: Services) -> None:
    await services.projects.create("main")
    await set_up(services.accounts, await offered(services.accounts), " ")
    assert await projects(services) == ["main"]


async def test_a_project_that_is_used_is_not_renamed(services: Services) -> None:
    project, _ = await services.projects.create("main")
    await create(services, project)
    await set_up(services.accounts, await offered(services.accounts), "Home")
    assert sorted(await projects(services)) == ["Home", "main"]


async def test_the_only_project_may_keep_its_name(services: Services) -> None:
    project, _ = await services.projects.create("Home")
    await create(services, project)
    await set_up(services.accounts, await offered(services.accounts), "Home")
    assert await services.projects.all() == [project]


async def test_of_several_projects_none_is_renamed(services: Services) -> None:
    for name in ("main", "other"):
        await services.projects.create(name)
    await set_up(services.accounts, await offered(services.accounts), "Home")
    assert sorted(await projects(services)) == ["Home", "main", "other"]


async def test_all_faults_are_named_and_nothing_is_changed(services: Services) -> None:
    await services.projects.create("main")
    token = await offered(services.accounts)
    with pytest.raises(InvalidFields) as caught:
        await services.accounts.set_up(token, "", "short", "x" * 101, "::1", "")
    assert caught.value.faults["project_name"] == "The name is too long."
    assert sorted(caught.value.faults) == ["name", "password", "project_name"]
    assert await projects(services) == ["main"]
    assert not await services.accounts.users.any()
    await services.accounts.require_setup_token(token)


async def test_a_projects_name_that_is_taken_is_refused_and_nothing_is_changed(services: Services) -> None:
    for name in ("main", "other"):
        await services.projects.create(name)
    token = await offered(services.accounts)
    with pytest.raises(InvalidFields) as caught:
        await set_up(services.accounts, token, "other")
    assert caught.value.faults == {"project_name": "There is a project 'other' already."}
    assert not await services.accounts.users.any()
    await services.accounts.require_setup_token(token)
