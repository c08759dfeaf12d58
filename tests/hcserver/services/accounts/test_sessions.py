from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.domain.session import SignedIn
from hcserver.domain.user import User
from hcserver.errors import NotFound, Unavailable
from hcserver.services.accounts.sessions import LIFETIME, MAX_SESSIONS, SEEN_EVERY, Sessions, token_hash
from hcserver.services.container import Services
from hcserver.storage.sessions import SessionStore
from tests.hcserver.services.conftest import FakeClock, MakeServices


@pytest.fixture
def sessions(services: Services, clock: FakeClock) -> Sessions:
    return Sessions(services.storage, clock)


@pytest.fixture
def other(services: Services, clock: FakeClock) -> Sessions:
    """Those of another process."""
    return Sessions(services.storage, clock)


@pytest.fixture
async def user(services: Services) -> User:
    return await services.accounts.users.create("ann", None)


async def signed_in(sessions: Sessions, token: str) -> SignedIn:
    found = await sessions.find(token)
    assert found is not None
    return found


async def test_a_token_leads_to_the_user_who_was_signed_in(sessions: Sessions, user: User) -> None:
    token = await sessions.open(user, "192.0.2.1", "Firefox")
    found = await signed_in(sessions, token)
    assert found.user == user
    assert found.session is not None
    assert (found.session.address, found.session.user_agent) == ("192.0.2.1", "Firefox")
    assert await sessions.of_user(user) == [found.session]


async def test_the_database_has_no_token(sessions: Sessions, user: User, database: Any) -> None:
    token = await sessions.open(user, "::1", "")
    assert len(token) == 43  # 32 bytes
    assert token not in repr(await database["sessions"].find().to_list(None))


@pytest.mark.parametrize("token", ["", "x" * 43, "x" * 1_000_000, "\ud800", "\0"])
async def test_what_is_no_token_leads_to_nobody(sessions: Sessions, token: str) -> None:
    assert await sessions.find(token) is None
    await sessions.close(token)


async def test_requests_read_a_session_once_in_five_seconds(
    sessions: Sessions, user: User, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, get = [], SessionStore.get

    async def counted(store: SessionStore, hash: str) -> Any:
        reads.append(hash)
        return await get(store, hash)

    monkeypatch.setattr(SessionStore, "get", counted)
    token = await sessions.open(user, "::1", "")
    for _ in range(5):
        assert await sessions.find(token)
        assert await sessions.find("unknown") is None
    assert sorted(reads) == sorted([token_hash(token), token_hash("unknown")])
    clock.advance(5)
    assert await sessions.find(token)
    assert len(reads) == 3


async def test_a_session_that_is_closed_ends_at_once_here_and_in_five_seconds_elsewhere(
    sessions: Sessions, other: Sessions, user: User, clock: FakeClock
) -> None:
    token, kept = [await sessions.open(user, "::1", "") for _ in range(2)]
    for process in (sessions, other):
        assert await process.find(token)
    await sessions.close(token)
    assert await sessions.find(token) is None
    clock.advance(5)
    assert await other.find(token) is None
    assert await other.find(kept)


async def test_a_session_is_revoked_by_its_id_by_its_user_only(
    sessions: Sessions, services: Services, user: User
) -> None:
    stranger = await services.accounts.users.create("bob", None)
    token, kept = [await sessions.open(user, "::1", "") for _ in range(2)]
    session = (await signed_in(sessions, token)).session
    assert session is not None
    with pytest.raises(NotFound):
        await sessions.revoke(stranger, session.id)
    assert await sessions.find(token)
    await sessions.revoke(user, session.id)
    assert await sessions.find(token) is None
    assert await sessions.find(kept)
    with pytest.raises(NotFound):
        await sessions.revoke(user, session.id)


async def test_all_sessions_but_one_are_revoked(sessions: Sessions, user: User) -> None:
    tokens = [await sessions.open(user, "::1", "") for _ in range(3)]
    kept = await signed_in(sessions, tokens[1])
    await sessions.revoke_all(user, keep=kept.session)
    assert [await sessions.find(token) is not None for token in tokens] == [False, True, False]
    await sessions.revoke_all(user)
    assert await sessions.find(tokens[1]) is None


async def test_a_revocation_while_a_session_is_read_is_not_undone_by_the_reading(
    sessions: Sessions, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await sessions.open(user, "::1", "")
    get, was_read, go_on = SessionStore.get, asyncio.Event(), asyncio.Event()

    async def slow(store: SessionStore, hash: str) -> Any:
        session = await get(store, hash)
        was_read.set()
        await go_on.wait()
        return session

    monkeypatch.setattr(SessionStore, "get", slow)
    reading = asyncio.create_task(sessions.find(token))
    await was_read.wait()
    await sessions.close(token)
    go_on.set()
    await reading
    assert await sessions.find(token) is None


async def test_a_session_ends_thirty_days_after_its_last_use(
    sessions: Sessions, user: User, clock: FakeClock
) -> None:
    token = await sessions.open(user, "::1", "")
    clock.advance(LIFETIME.total_seconds() - 1)
    assert await sessions.find(token)
    async with asyncio.timeout(30):
        while (await sessions.of_user(user))[0].last_seen < clock():  # it is written in the background
            await asyncio.sleep(0.01)
    clock.advance(LIFETIME.total_seconds() - 1)
    session = (await signed_in(sessions, token)).session
    assert session is not None and session.last_seen == clock()
    clock.advance(LIFETIME.total_seconds())
    assert await sessions.find(token) is None
    assert await sessions.of_user(user) == []


async def test_the_last_use_is_written_at_most_once_a_minute(
    sessions: Sessions, user: User, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = asyncio.Queue[Any]()
    touch = SessionStore.touch

    async def counted(store: SessionStore, *arguments: Any) -> None:
        await touch(store, *arguments)
        written.put_nowait(arguments)

    monkeypatch.setattr(SessionStore, "touch", counted)
    token = await sessions.open(user, "::1", "")
    for minute in (1, 2):
        for _ in range(12):
            assert written.empty()
            clock.advance(5)
            await sessions.find(token)
            await sessions.find(token)
        async with asyncio.timeout(30):
            assert (await written.get())[0] == token_hash(token)
        (session,) = await sessions.of_user(user)
        assert session.last_seen == clock() == session.created + minute * SEEN_EVERY
    await sessions.stop()


async def test_a_use_that_can_not_be_written_disturbs_nobody(
    sessions: Sessions, user: User, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = asyncio.Event()

    async def away(*_: Any) -> None:
        tried.set()
        raise Unavailable("away")

    monkeypatch.setattr(SessionStore, "touch", away)
    token = await sessions.open(user, "::1", "")
    clock.advance(60)
    assert await sessions.find(token)
    async with asyncio.timeout(30):
        await tried.wait()
    assert await sessions.find(token)
    await sessions.stop()


async def test_a_user_has_a_limited_number_of_sessions(
    sessions: Sessions, user: User, clock: FakeClock
) -> None:
    tokens = []
    for _ in range(MAX_SESSIONS + 1):
        clock.advance(1)
        tokens.append(await sessions.open(user, "::1", ""))
    assert len(await sessions.of_user(user)) == MAX_SESSIONS
    assert await sessions.find(tokens[0]) is None
    assert await sessions.find(tokens[1])


async def test_a_browser_may_call_itself_what_it_likes(sessions: Sessions, user: User) -> None:
    await sessions.open(user, "::1", "\ud800" + "x" * 10_000)
    (session,) = await sessions.of_user(user)
    assert session.user_agent == "?" + "x" * 299


async def test_the_session_of_a_deleted_user_leads_to_nobody(make_services: MakeServices) -> None:
    here, there = await make_services(), await make_services()
    user = await here.accounts.users.create("ann", "correct horse")
    token = await here.accounts.sign_in("ann", "correct horse", "::1", "")
    await here.storage.users.delete(user.id)
    assert await there.accounts.session(token) is None
