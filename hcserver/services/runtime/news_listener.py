"""Listening to the news of other processes: which checks and projects they have changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hcserver.domain.clock import Clock
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.services.runtime.written_news import CUT_OFF
from hcserver.storage.news import News

LISTEN_EVERY = 1.0  # seconds: for so long another process's change goes unnoticed
CLOCK_DIFFERENCE = timedelta(seconds=10)  # how much the clocks of two machines may differ


class NewsListener:
    """Drops from memory what other processes have changed."""

    def __init__(
        self,
        news: News,
        lookup: Lookup,
        cache: CheckCache,
        clock: Clock,
        forget_projects: Callable[[], None],
    ) -> None:
        """`forget_projects` drops what else is remembered of projects."""
        self._news = news
        self._lookup = lookup
        self._cache = cache
        self._clock = clock
        self._forget_projects = forget_projects
        self._known: set[object] = set()  # messages of the last CLOCK_DIFFERENCE that were heeded
        self._since = clock()

    async def listen(self) -> float:
        """Drop what was changed since the last call. The seconds until the next one. Raises Unavailable."""
        now = self._clock()
        if now - self._since > CUT_OFF:
            self._lookup.forget_all()
            self._cache.forget_all()
            self._forget_projects()
        news = await self._news.since(self._since - CLOCK_DIFFERENCE)
        for item in news:
            if item.message in self._known:
                continue
            if item.project is None:
                self._lookup.forget(item.subject)
                self._forget_projects()
            else:
                self._lookup.forget_slugs(item.project)
                self._cache.forget(item.subject, item.project)
        self._known = {item.message for item in news}
        self._since = now
        return LISTEN_EVERY
