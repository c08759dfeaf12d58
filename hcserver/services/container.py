"""The services of a server, put together: everything but the ways in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from hcserver.config.schema import Settings
from hcserver.domain.check import Check
from hcserver.domain.clock import Clock, utc_now
from hcserver.domain.keywords import Reason
from hcserver.errors import Unavailable
from hcserver.services.delivery.bounces import Bounces
from hcserver.services.delivery.notifier import Notifier
from hcserver.services.intake.append import Intake
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.services.management.admin_keys import AdminKeys
from hcserver.services.management.channels import Channels
from hcserver.services.management.checks import Checks
from hcserver.services.management.projects import Projects
from hcserver.services.management.windows import Windows
from hcserver.services.runtime.pruning import Pruner
from hcserver.services.runtime.scheduler import Scheduler
from hcserver.storage import Storage
from hcserver.storage.schema import prepare

log = logging.getLogger(__name__)

PROBE_TIME = 3.0  # seconds that the database may take to answer
MAX_LAG = 30.0  # seconds that overdue checks may wait before the scheduler counts as ill


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a check would make of an email: why, and what was searched for words (None: not searched)."""

    reason: Reason
    subject: str | None
    text: str | None
    complete: bool  # False: reading it took too long, so that it counts as having no words


Examiner = Callable[[bytes, Check], Awaitable[Verdict]]


class Services:
    """`start` brings the database in order and takes up the work; `stop` leaves nothing unwritten."""

    def __init__(self, database: Any, settings: Settings, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.storage = Storage(database)
        self.lookup = Lookup(self.storage)
        self.cache = CheckCache(self.storage, settings.limits.cached_checks)
        self.intake = Intake(self.storage, self.cache, self.lookup, settings.limits.email_body_bytes)
        self.checks = Checks(self.storage, self.cache, self.lookup, settings.limits, clock)
        self.projects = Projects(self.storage, self.lookup, self.checks, clock)
        self.admin_keys = AdminKeys(self.storage, clock)
        self.pruner = Pruner(self.storage, self.cache, self.lookup, self.checks)
        self.examiner: Examiner | None = None  # set by whoever can read emails
        self.bounces = Bounces(self.storage, settings.email.bounce_domain, clock)
        self.notifier = Notifier(self.storage, self.cache, self.lookup, self.bounces.address, settings, clock)
        self.cache.on_late_change = self.checks.tell_later
        self.cache.on_tail = self.intake.remember
        self.cache.on_alerts = self.notifier.take
        self.scheduler = Scheduler(self.storage, self.cache, self.lookup, self.checks, clock)
        self.scheduler.on_return = self.notifier.came_back
        self.scheduler.tell_operator = self.notifier.tell_operator
        self.channels = Channels(self.storage, self.cache, self.notifier, clock)
        self.windows = Windows(self.storage, self.cache, self.notifier, clock)
        self.ready = (
            False  # `start` has come to its end: before that nothing in memory is in step with the log
        )
        self.ways_in: dict[str, Callable[[], bool]] = {}  # name -> whether it is open, for `illnesses`
        self._database = database

    async def start(self) -> None:
        """Raises Unavailable, ConfigError (the database is from a newer version)."""
        await prepare(self._database)
        await self.bounces.start()
        await self.recover()
        self.cache.on_folded = self.pruner.consider
        self.cache.start()
        self.intake.start()
        self.pruner.start()
        # Before anything is told: after a long absence only the newest is. If not now, the scheduler does it.
        try:
            await self.scheduler.account_for_absence()
        except Unavailable:
            pass
        except Exception:
            log.exception("can't account for our absence")
        self.notifier.start()
        self.scheduler.start()
        self.ready = True

    async def stop(self) -> None:
        """Call it when nothing comes in any more."""
        await self.scheduler.stop()
        await self.pruner.stop()
        await self.intake.stop()
        await self.cache.stop()
        await self.notifier.stop()

    async def recover(self) -> None:
        """Fold what a crash left in the log, and publish the flips that it left in checks.

        Every check is read once, and with it one key of the log is looked up: its next number, which is the
        _id of that ping. Numbers have no gaps, so where that one is missing there is nothing to fold, and
        where it is not, the following ones are read until one is.
        """
        folded = 0
        async for batch in self.storage.checks.scan():
            behind = await self.storage.pings.behind(batch)
            for stored in batch:
                id = stored.check.id
                tail = await self.storage.pings.tail(id, stored.check.n_pings) if id in behind else []
                self.intake.remember(tail)
                try:
                    self.cache.add(stored, tail)
                except Exception:
                    # One check that can't be dealt with is no reason not to watch the others.
                    log.exception("can't fold the log of check %s", id)
                    self.cache.forget(id)
                else:
                    folded += len(tail)
            await self.cache.flush()
        if folded:
            log.info("folded %d pings that were acknowledged before the last stop", folded)

    async def illnesses(self) -> dict[str, str]:
        """What is wrong right now, by part; empty when all is well."""
        ill = {} if self.ready else {"server": "it is starting"}
        try:
            async with asyncio.timeout(PROBE_TIME):
                await self.storage.probe()
        except Unavailable as error:
            ill["database"] = str(error)
        except TimeoutError:
            ill["database"] = "the database does not answer in time"
        if self.scheduler.lag > MAX_LAG:
            ill["scheduler"] = f"overdue checks have been waiting for {self.scheduler.lag:.0f} s"
        for name, is_open in self.ways_in.items():
            if not is_open():
                ill[name] = "not listening"
        return ill
