from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable

import pytest
from argon2 import extract_parameters

from hcserver.errors import Unavailable
from hcserver.services.accounts.passwords import AT_ONCE, MAX_WAITING, UNKNOWN, Passwords


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
    """In place of the verification: it does not end until it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = threading.Event()

    def verify(self, *_: object) -> bool:
        self.begun += 1
        return self.go_on.wait(60)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def test_two_passwords_are_hashed_at_a_time_and_a_limited_number_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held, passwords = Held(), Passwords()
    monkeypatch.setattr(passwords, "_verify", held.verify)
    tasks = [asyncio.create_task(passwords.verify(None, "")) for _ in range(AT_ONCE + MAX_WAITING)]
    await until(lambda: held.begun == AT_ONCE)
    with pytest.raises(Unavailable):
        await passwords.verify(None, "")
    tasks.pop().cancel()
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(passwords.verify(None, "")))  # whoever has given up makes room
    await asyncio.sleep(0)
    assert held.begun == AT_ONCE
    held.go_on.set()
    assert await asyncio.gather(*tasks) == [True] * len(tasks)
    passwords.close()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities of their own")
async def test_passwords_are_hashed_with_a_lower_priority_than_the_server_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def niceness(*_: object) -> bool:
        priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return True

    priorities: list[int] = []
    passwords = Passwords()
    monkeypatch.setattr(passwords, "_verify", niceness)
    await passwords.verify(None, "")
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert priorities == [min(19, own + 5)]
    passwords.close()


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
