"""Pages that are kept as bytes."""

from __future__ import annotations

import asyncio
import gzip
from datetime import timedelta

import pytest

from handlers.pages.cached_pages import KEPT, CachedPages, Page
from hcserver.errors import Unavailable
from tests.handlers.harness import FakeClock

AGE = timedelta(seconds=30)


def content(page: Page) -> bytes:
    return gzip.decompress(page.compressed)


class Renderer:
    """Counts how often it is asked, and waits until it may answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> bytes:
        self.asked += 1
        await self.may_answer.wait()
        return b"page %d" % self.asked


async def test_a_page_is_kept_for_its_age() -> None:
    clock, render = FakeClock(), Renderer()
    pages = CachedPages(clock)
    first = await pages.get("a", AGE, render)
    assert content(first) == b"page 1"
    clock.advance(29.9)
    assert await pages.get("a", AGE, render) == first
    clock.advance(0.1)
    second = await pages.get("a", AGE, render)
    assert content(second) == b"page 2"
    assert second.etag != first.etag


async def test_the_same_content_has_the_same_etag() -> None:
    pages = CachedPages(FakeClock())

    async def render() -> bytes:
        return b"same"

    assert (await pages.get("a", AGE, render)).etag == (await pages.get("b", AGE, render)).etag


async def test_a_clock_that_is_set_back_makes_pages_anew() -> None:
    clock, render = FakeClock(), Renderer()
    pages = CachedPages(clock)
    await pages.get("a", AGE, render)
    clock.advance(-3600)
    await pages.get("a", AGE, render)
    assert render.asked == 2


async def test_those_who_ask_meanwhile_share_one_rendering_and_may_leave() -> None:
    render = Renderer()
    pages = CachedPages(FakeClock())
    render.may_answer.clear()
    waiting = [asyncio.create_task(pages.get("a", AGE, render)) for _ in range(5)]
    while not render.asked:
        await asyncio.sleep(0)
    waiting[0].cancel()
    render.may_answer.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert render.asked == 1
    assert all(not isinstance(outcome, BaseException) for outcome in outcomes[1:])


async def test_a_failure_is_not_kept() -> None:
    render = Renderer()
    pages = CachedPages(FakeClock())

    async def fail() -> bytes:
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        await pages.get("a", AGE, fail)
    assert content(await pages.get("a", AGE, render)) == b"page 1"


async def test_only_so_many_pages_are_kept() -> None:
    render = Renderer()
    pages = CachedPages(FakeClock())
    for number in range(KEPT + 1):
        await pages.get(number, AGE, render)
    await pages.get(KEPT, AGE, render)
    assert render.asked == KEPT + 1
    await pages.get(0, AGE, render)
    assert render.asked == KEPT + 2
