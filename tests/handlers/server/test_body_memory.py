"""The memory of bodies, which all connections share."""

from __future__ import annotations

import asyncio

import pytest

from hcserver.net.byte_budget import ByteBudget
from tests.handlers.apps import BOTH, PING, Seen, connect, connected, echo, make_front
from tests.handlers.harness import PATIENCE, Connection, listening, request_bytes

both = pytest.mark.parametrize("root", BOTH)
BODY = b"x" * 60


async def until_free(budget: ByteBudget, size: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while budget.free != size:
            await asyncio.sleep(0.001)


async def begin(connection: Connection, root: str) -> None:
    """Send a request but for the last byte of its body."""
    await connection.send(request_bytes("POST", root, body=BODY)[:-1])


@both
async def test_a_body_beyond_the_budget_is_refused_and_its_connection_closed(root: str) -> None:
    budget = ByteBudget(100)
    async with listening(make_front(echo, budget=budget)) as port:
        first, second = await connect(port), await connect(port)
        await begin(first, root)
        await until_free(budget, 41)
        await begin(second, root)
        reply = await second.reply("POST")
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert b"too much is being received" in reply.body
        assert await second.is_closed()
        await first.send(b"x")
        assert (await first.reply("POST")).status == 200
        assert budget.free == 100
        await first.close()
        await second.close()


@both
async def test_memory_is_kept_until_the_answer_and_only_for_what_is_kept(root: str) -> None:
    budget = ByteBudget(100)
    gate, begun = asyncio.Event(), asyncio.Event()

    async def wait(seen: Seen) -> tuple[int, bytes]:
        begun.set()
        await gate.wait()
        return 200, b""

    async with connected(wait, budget=budget, body_limit=70) as connection:
        await connection.send(request_bytes("POST", root, body=b"x" * 100_000))
        await begun.wait()
        assert budget.free == 30
        gate.set()
        assert (await connection.reply("POST")).status == 200
        await until_free(budget, 100)


@both
async def test_a_client_that_goes_in_the_middle_of_its_body_gives_its_memory_back(root: str) -> None:
    budget = ByteBudget(100)
    async with connected(echo, budget=budget) as connection:
        await begin(connection, root)
        await until_free(budget, 41)
        await connection.close()
        await until_free(budget, 100)


async def test_a_ping_without_a_body_is_taken_when_no_memory_is_left() -> None:
    async with connected(echo, budget=ByteBudget(0)) as connection:
        assert (await connection.request("GET", PING)).status == 200
