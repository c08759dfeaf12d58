"""Requests and answers, on both ways through the server: pings and everything else."""

from __future__ import annotations

import asyncio

import pytest

from tests.handlers.apps import BOTH, PAGE, Function, Seen, connected, echo

both = pytest.mark.parametrize("root", BOTH)


def answering(status: int, body: bytes = b"") -> Function:
    async def handler(seen: Seen) -> tuple[int, bytes]:
        return status, body

    return handler


@pytest.mark.parametrize("method", ["BREW", "get", "FINISH", "PREPARE"])
async def test_a_method_that_no_handler_knows_calls_no_other_method_of_it(method: str) -> None:
    async with connected(echo) as connection:
        assert (await connection.request(method, PAGE)).text == f"UNSUPPORTED|{PAGE}||"


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_that_have_no_body_have_no_length(status: int) -> None:
    async with connected(answering(status)) as connection:
        for _ in range(2):
            reply = await connection.request("GET", PAGE)
            assert "content-length" not in reply.headers
            assert "transfer-encoding" not in reply.headers


async def test_a_handler_may_ask_for_more_time() -> None:
    async def slow(seen: Seen) -> tuple[int, bytes]:
        seen.allow(60)
        await asyncio.sleep(0.1)
        return 200, b"done"

    async with connected(slow, deadline=0.01) as connection:
        assert (await connection.request("GET", PAGE)).text == "done"
