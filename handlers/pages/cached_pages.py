"""Pages that are the same for everybody, kept as bytes: a crowd of visitors costs one rendering."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from handlers.pages.base import PageHandler
from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable

KEPT: Final = 100  # pages; beyond it the oldest are made again
RENDERING_TIME: Final = 30.0  # seconds that visitors wait for a page with a long history

Render = Callable[[], Awaitable[bytes]]


class Page(NamedTuple):
    """A page with its ETag. It is kept compressed only, as nearly all browsers take it, in a twentieth of the
    memory.
    """

    etag: str
    compressed: bytes
    made: datetime


class CachedPages:
    """Pages by key. Whatever changes a page at once must be in its key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pages: dict[Hashable, Page] = {}  # the oldest first
        self._renderings: dict[Hashable, asyncio.Task[Page]] = {}

    async def get(self, key: Hashable, age: timedelta, render: Render) -> Page:
        """The page, not older than `age`. Those who ask while it is made share one rendering, which goes on
        when they have stopped waiting.
        """
        page = self._pages.get(key)
        if page is not None and page.made <= self._clock() < page.made + age:
            return page
        rendering = self._renderings.get(key)
        if rendering is None:
            rendering = asyncio.create_task(self._make(key, render), name="render a page")
            self._renderings[key] = rendering
            rendering.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(rendering)

    async def _make(self, key: Hashable, render: Render) -> Page:
        made = self._clock()
        plain = await render()
        # In a thread: some pages are so large that compressing them would hold the event loop.
        compressed = await asyncio.to_thread(gzip.compress, plain, 6, mtime=0)
        page = Page(f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"', compressed, made)
        self._pages.pop(key, None)
        self._pages[key] = page
        if len(self._pages) > KEPT:
            del self._pages[next(iter(self._pages))]
        return page

    def _finished(self, key: Hashable, rendering: asyncio.Task[Page]) -> None:
        self._renderings.pop(key, None)
        if not rendering.cancelled():
            rendering.exception()  # whoever waited for it has got it


class CachedPage(PageHandler):
    """A page for everybody. It does not look at who is asking."""

    async def answer(self, key: Hashable, age: timedelta, render: Render) -> None:
        """Answer with the page that is kept for the key, or that `render` makes."""
        self.allow(RENDERING_TIME)
        cached: CachedPages = self.settings["cached_pages"]
        page = await cached.get(key, age, render)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("ETag", page.etag)
        if self.check_etag_header():
            self.set_status(304)
            return
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.write(page.compressed)
        else:
            self.write(await asyncio.to_thread(gzip.decompress, page.compressed))

    def require_ready(self) -> None:
        """Raises Unavailable while the server starts."""
        if not self.services.ready:
            raise Unavailable("the server is starting, try again")
