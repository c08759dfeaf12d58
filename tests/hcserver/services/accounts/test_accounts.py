from __future__ import annotations

from typing import Any

import pytest

from hcserver.domain.user import User
from hcserver.errors import InvalidFields, NotFound, TooManyRequests, Unauthorized
from hcserver.services.accounts.accounts import Accounts
from hcserver.services.accounts.passwords import Passwords
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock

PASSWORD = "correct horse"


@pytest.fixture
async def accounts(services: Services) -> Accounts:
    return services.accounts


@pytest.fixture
async def ann(accounts: Accounts) -> User:
    return await accounts.users.create("Ann", PASSWORD)


async def sign_in(
    accounts: Accounts, name: str = "ann", password: str = PASSWORD, address: str = "::1"
) -> str:
    return await accounts.sign_in(name, password, address, "Firefox")


async def test_whoever_has_signed_in_can_sign_out(accounts: Accounts, ann: User) -> None:
    token = await sign_in(accounts, " aNN ")
    signed_in = await accounts.session(token)
    assert signed_in is not None and signed_in.user == ann
    assert await accounts.sessions_of(ann) == [signed_in.session]
    await accounts.sign_out(token)
    assert await accounts.session(token) is None
    await accounts.sign_out(token)


async def test_sessions_are_revoked_by_their_ids(accounts: Accounts, ann: User) -> None:
    token = await sign_in(accounts)
    (session,) = await accounts.sessions_of(ann)
    await accounts.revoke(ann, session.id)
    assert await accounts.session(token) is None
    with pytest.raises(NotFound):
        await accounts.revoke(ann, session.id)


async def test_all_sessions_but_the_current_one_are_revoked(accounts: Accounts, ann: User) -> None:
    here, elsewhere = await sign_in(accounts), await sign_in(accounts)
    signed_in = await accounts.session(here)
    assert signed_in is not None
    await accounts.revoke_others(ann, signed_in.session)
    assert await accounts.session(here)
    assert await accounts.session(elsewhere) is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong password"),
        ("ann", ""),
        ("ann", "x" * 1_000_000),
        ("ann", "\ud800"),
        ("bob", PASSWORD),
        ("", PASSWORD),
        ("\ud800", PASSWORD),
        ("x" * 1_000_000, PASSWORD),
    ],
)
async def test_wrong_names_and_passwords_are_refused_alike(
    accounts: Accounts, ann: User, name: str, password: str
) -> None:
    with pytest.raises(Unauthorized, match=r"^wrong name or password$"):
        await sign_in(accounts, name, password)


async def test_a_user_without_a_password_can_not_sign_in(accounts: Accounts) -> None:
    await accounts.users.create("bob", None)
    with pytest.raises(Unauthorized):
        await sign_in(accounts, "bob", "")


async def test_an_unknown_name_costs_as_much_as_a_wrong_password(
    accounts: Accounts, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[Any] = []

    async def verify(_: Passwords, password_hash: str | None, password: str) -> bool:
        verified.append((password_hash, password))
        return True  # not even a right password signs in nobody

    monkeypatch.setattr(Passwords, "verify", verify)
    for name in ("bob", "\0"):
        with pytest.raises(Unauthorized):
            await sign_in(accounts, name)
    assert verified == [(None, PASSWORD)] * 2


async def test_guesses_are_throttled_before_the_password_is_looked_at(
    accounts: Accounts, ann: User, clock: FakeClock
) -> None:
    for number in range(10):
        with pytest.raises(Unauthorized):
            await sign_in(accounts, "ann", "", f"192.0.2.{number}")
    with pytest.raises(TooManyRequests) as caught:
        await sign_in(accounts, "ANN")
    clock.advance(caught.value.retry_after)
    assert await sign_in(accounts)


async def test_a_password_that_is_changed_while_it_is_verified_signs_in_nobody(
    accounts: Accounts, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = Passwords.verify

    async def slow(passwords: Passwords, password_hash: str | None, password: str) -> bool:
        right = await verify(passwords, password_hash, password)
        await accounts.users.set_password(ann, "battery staple")
        return right

    monkeypatch.setattr(Passwords, "verify", slow)
    with pytest.raises(Unauthorized):
        await sign_in(accounts)
    assert await accounts.sessions_of(ann) == []


async def test_ones_own_password_is_changed_with_the_old_one_and_other_sessions_end(
    accounts: Accounts, ann: User
) -> None:
    here, elsewhere = await sign_in(accounts), await sign_in(accounts)
    signed_in = await accounts.session(here)
    assert signed_in is not None
    with pytest.raises(InvalidFields) as caught:
        await accounts.change_password(signed_in, "wrong", "battery staple", "::1")
    assert list(caught.value.faults) == ["old_password"]
    with pytest.raises(InvalidFields) as caught:
        await accounts.change_password(signed_in, PASSWORD, "short", "::1")
    assert list(caught.value.faults) == ["password"]
    assert await accounts.session(elsewhere)
    await accounts.change_password(signed_in, PASSWORD, "battery staple", "::1")
    assert await accounts.session(elsewhere) is None
    assert await accounts.session(here)
    assert await sign_in(accounts, password="battery staple")


async def test_guesses_of_the_old_password_are_throttled(accounts: Accounts, ann: User) -> None:
    signed_in = await accounts.session(await sign_in(accounts))
    assert signed_in is not None
    for _ in range(10):
        with pytest.raises(InvalidFields):
            await accounts.change_password(signed_in, "", "battery staple", "::1")
    with pytest.raises(TooManyRequests):
        await accounts.change_password(signed_in, PASSWORD, "battery staple", "::1")
