from __future__ import annotations

import asyncio

from handlers.server.body_watch import CHUNK_COST, MAX_SURPLUS, BodyPace, BodyWatch


def watch(limit: int = 10, pause: float = 60.0, min_rate: int = 100) -> tuple[BodyWatch, list[str]]:
    texts: list[str] = []
    return BodyWatch(BodyPace(pause, min_rate), limit, texts.append), texts


async def test_a_body_is_over_the_limit_once_more_has_come_than_is_kept() -> None:
    body, _ = watch(limit=10)
    assert body.received(10, 0)
    assert not body.is_over_limit
    assert body.received(1, 0)
    assert body.is_over_limit
    body.stop()


async def test_so_many_bytes_are_read_beyond_the_limit_and_no_more() -> None:
    body, _ = watch(limit=10)
    assert body.received(10 + MAX_SURPLUS, 0)
    assert not body.received(1, 0)
    body.stop()


async def test_chunks_count_only_beyond_the_limit() -> None:
    body, _ = watch(limit=1_000_000)
    chunks = MAX_SURPLUS // CHUNK_COST
    assert body.received(1_000_000, 1_000_000)
    assert body.received(chunks // 2, 1_000_000 + chunks // 2)
    assert not body.received(chunks, 1_000_000 + 2 * chunks)
    body.stop()


async def test_a_watch_that_is_stopped_says_nothing() -> None:
    body, texts = watch(pause=0.01)
    body.stop()
    await asyncio.sleep(0.03)
    assert texts == []


async def test_bytes_give_a_body_more_time() -> None:
    body, texts = watch(limit=10_000, pause=1, min_rate=1000)
    for _ in range(11):
        assert body.received(900, 0)
        await asyncio.sleep(0.1)
    assert texts == []
    async with asyncio.timeout(30):
        while not texts:
            await asyncio.sleep(0.01)
    assert texts == ["the request's body stopped coming"]
