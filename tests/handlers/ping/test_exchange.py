"""Answers, on both ways through the server: pings and everything else."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime

import pytest

from hcserver.errors import (
    NotFound,
)
from tests.handlers.apps import BOTH, PING, Function, Seen, connected, echo

both = pytest.mark.parametrize("root", BOTH)


def answering(status: int, body: bytes = b"") -> Function:
    async def handler(seen: Seen) -> tuple[int, bytes]:
        return status, body

    return handler


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "BREW", "get", "_EXECUTE", "FINISH"])
async def test_any_method_is_a_ping(method: str) -> None:
    async with connected(echo) as connection:
        assert (await connection.request(method, PING)).text == f"{method}|{PING}||"


@both
async def test_every_answer_has_the_date_and_nothing_about_the_server(root: str) -> None:
    async with connected(echo) as connection:
        headers = (await connection.request("GET", root)).headers
        assert abs(parsedate_to_datetime(headers["date"]).timestamp() - time.time()) < 60
        assert set(headers) == {"date", "content-length"}


@both
async def test_head_gets_the_headers_of_get_without_the_body(root: str) -> None:
    async with connected(answering(200, b"four")) as connection:
        for _ in range(2):
            reply = await connection.request("HEAD", root)
            assert reply.headers["content-length"] == "4"
        assert (await connection.request("GET", root)).text == "four"


@both
async def test_an_empty_answer_has_a_length(root: str) -> None:
    async with connected(answering(403)) as connection:
        assert (await connection.request("GET", root)).headers["content-length"] == "0"


@both
async def test_what_takes_too_long_is_answered_with_503_and_given_up(root: str) -> None:
    ended = []

    async def stuck(seen: Seen) -> tuple[int, bytes]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(seen.path)
        raise AssertionError("unreachable")

    async with connected(stuck, deadline=0.01) as connection:
        for path in (f"{root}1", f"{root}2"):
            reply = await connection.request("GET", path)
            assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert ended == [f"{root}1", f"{root}2"]


@both
@pytest.mark.parametrize("ending", ["error", "answer", "fault"])
async def test_what_is_given_up_is_answered_once_even_if_it_cleans_up_slowly(root: str, ending: str) -> None:
    async def stuck(seen: Seen) -> tuple[int, bytes]:
        if seen.path.endswith("next"):
            return 200, b"next"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
            if ending == "error":
                raise NotFound("cleaning up failed") from None
        return 200, b"an answer after all"

    async with connected(stuck, deadline=0.01) as connection:
        assert (await connection.request("GET", root)).status == 503
        assert (await connection.request("GET", f"{root}next")).text == "next"
        await asyncio.sleep(0.03)
        assert (await connection.request("GET", f"{root}next")).text == "next"
