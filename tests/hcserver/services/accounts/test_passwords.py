from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from argon2 import extract_parameters

from hcserver.errors import Unavailable
from hcserver.services.accounts.passwords import AT_ONCE, MAX_WAITING, UNKNOWN, Passwords

T = TypeVar("T")


async def test_only_the_password_that_a_hash_was_made_of_is_right() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("correct horse ä")
    assert hashed.startswith("$argon2id$")
    assert "horse" not in hashed
    assert await passwords.verify(hashed, "correct horse ä")
    assert not await passwords.verify(hashed, "correct horse a")
    assert await passwords.hash("correct horse ä") != hashed


async def test_without_a_hash_no_password_is_right_and_it_costs_as_much() -> None:
    passwords = Passwords()
    assert not await passwords.verify(None, "")
    assert not await passwords.verify("not a hash", "")
    assert extract_parameters(UNKNOWN) == extract_parameters(await passwords.hash("x"))


class Held:
    """In place of threads: work that does not end until it is told to."""

    def __init__(self) -> None:
        self.running = 0
        self.ended = asyncio.Event()

    async def to_thread(self, work: Callable[[], T]) -> T:
        self.running += 1
        await self.ended.wait()
        return work()


async def test_two_passwords_are_hashed_at_a_time_and_a_limited_number_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held, passwords = Held(), Passwords()
    monkeypatch.setattr(asyncio, "to_thread", held.to_thread)
    monkeypatch.setattr(passwords, "_verify", lambda *_: True)
    tasks = [asyncio.create_task(passwords.verify(None, "")) for _ in range(AT_ONCE + MAX_WAITING)]
    await asyncio.sleep(0)
    assert held.running == AT_ONCE
    with pytest.raises(Unavailable):
        await passwords.verify(None, "")
    tasks.pop().cancel()
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(passwords.verify(None, "")))  # whoever has given up makes room
    held.ended.set()
    assert await asyncio.gather(*tasks) == [True] * len(tasks)


async def test_a_password_is_hashed_outside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    passwords = Passwords()

    def note(*_: object) -> bool:
        threads.append(threading.get_ident())
        return True

    monkeypatch.setattr(passwords, "_verify", note)
    await passwords.verify(None, "")
    assert len(threads) == 1
    assert threads != [threading.get_ident()]
