"""Telling people: from alerts to notifications, one for each channel, and from those to receipts.

An alert rides in its check's document until its notifications are stored, whose ids derive from it; so
each is decided once and none is lost. A notification is pending until it is sent, has failed for good, or
there is a reason not to send it. While pending it is due at some moment, and whoever wants to send it first
puts that moment off for as long as a lease lasts. So another process, or the next start, takes over what was
not brought to its end: at least once after a crash, exactly once without one.

Notifications of one check for one channel are sent in their order: a later one waits for the earlier ones.
Each channel has a few senders of its own, so that a slow one delays no other.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from time import monotonic
from typing import NamedTuple
from uuid import UUID, uuid5

from msgspec.structs import replace

from hcserver.config.schema import Settings
from hcserver.domain.alert import Alert
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check, Status
from hcserver.domain.clock import EPOCH, Clock
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.notification import Attempt, Notification, NotificationStatus
from hcserver.domain.notification_policy import BAD_NEWS, pointless, reason_to_hold, wants
from hcserver.errors import DeliveryError, InvalidRequest, NotFound, Unavailable
from hcserver.notify.alert_message import AlertMessage, MessageEvent, Receipt
from hcserver.notify.group import Group
from hcserver.notify.registry import kind
from hcserver.notify.send_context import SendContext
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.storage import Storage

log = logging.getLogger(__name__)

SENDERS = 4  # notifications of one channel on their way at a time
IN_ALL = 256  # of all channels: each may be a connection and a file descriptor
AT_ONCE = 500  # notifications taken up in one go
TICK = 1.0  # seconds between looks for what others left, or what was put off
REMEMBERED = 1.0  # seconds that a project's channels and windows are not read again
MARGIN = 10.0  # seconds that a lease outlasts the time limit of an attempt
FRESH = timedelta(seconds=2)  # for so long a lease is new enough to begin an attempt under it
QUEUED = 1000  # notifications of one channel in memory; further ones wait in the database
REFILLED = 100  # up to which those that waited are taken up
LONGEST_PAUSE = 1800.0  # seconds between two attempts
LATE = timedelta(minutes=5)  # an alert that is older when it is taken up was held up by an outage of ours
_TOLD_LATE = "superseded: told late, when more had happened"
# What a check is while such a thing is told of it.
_STATUS: dict[str, Status] = {"up": "up", "paused": "paused", **dict.fromkeys(BAD_NEWS, "down")}


class _Project(NamedTuple):
    channels: dict[UUID, Channel]
    windows: list[MaintenanceWindow]
    good_until: float


class Notifier:
    """Makes notifications of alerts, and sends them."""

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        lookup: Lookup,
        return_address: Callable[[UUID], str],
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._lookup = lookup
        self._return_address = return_address
        self._settings = settings
        self._clock = clock
        self._limit = settings.notifications.timeout
        self._lease = timedelta(seconds=self._limit + MARGIN)
        self._queues: dict[UUID, deque[Notification]] = {}
        self._senders: dict[UUID, set[asyncio.Task[None]]] = {}
        self._here: set[tuple[UUID, UUID, int]] = set()  # (check, channel, n) in a queue or on its way
        self._waiting: dict[tuple[UUID, UUID], list[Notification]] = {}  # for an earlier one that is here
        self._projects: dict[UUID, _Project] = {}  # as read a moment ago
        self._slots = asyncio.Semaphore(IN_ALL)
        self._errands: set[asyncio.Task[None]] = set()
        self._context: SendContext | None = None
        self._stopping = False
        self._back_since = EPOCH  # when we came back from our last long absence
        self._looked_until: datetime | None = None  # a look at what is due goes on behind this moment
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="notifications")

    async def stop(self) -> None:
        """Let attempts under way come to their end; the rest is taken up after the next start."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
        self._queues.clear()
        for errand in self._errands:
            errand.cancel()
        senders = [task for tasks in self._senders.values() for task in tasks]
        await asyncio.gather(*filter(None, [self._task]), *senders, *self._errands, return_exceptions=True)
        if self._context is not None:
            await self._context.close()

    def forget(self, project: UUID) -> None:
        """Its channels or windows have changed."""
        self._projects.pop(project, None)

    def came_back(self, since: datetime, now: datetime) -> None:
        """We, or the database, were away meanwhile."""
        if now - since > LATE:
            self._back_since = now

    # -- from alerts to notifications

    async def take(self, alerts: Sequence[tuple[Check, Alert]]) -> None:
        """Store the notifications of these alerts; harmless when done again. Raises Unavailable."""
        made: list[Notification] = []
        now = self._clock()
        last = {check.id: alert.n for check, alert in alerts}
        for check, alert in alerts:
            if not check.channels:
                continue
            project = await self._project(check.project)
            if any(id not in project.channels for id in check.channels):
                project = await self._project(check.project, fresh=True)
            superseded = alert.n < last[check.id] and alert.at < now - LATE
            for channel in _expanded(check.channels, project.channels):
                if not wants(channel, alert.event, check):
                    continue
                one = _notification(check, alert, channel)
                if alert.held is not None:
                    one = _skipped(one, alert.held)
                elif superseded:
                    one = _skipped(one, _TOLD_LATE)
                else:
                    why, until = await self._held(check, channel, one, project)
                    if until is not None and one.event == "reminder":
                        made.append(_skipped(one, str(why)))
                        continue
                    room = len(self._queues.get(channel.id, ())) < QUEUED
                    due = until or (now + self._lease if room else now)
                    one = replace(one, why=why, due=due, held=until is not None)
                made.append(one)
        for one in await self._storage.notifications.add(made) if made else []:
            if one.status == "pending" and not one.held and one.due != now:
                self._push(one)

    async def _held(
        self, check: Check, channel: Channel, one: Notification, project: _Project
    ) -> tuple[str | None, datetime | None]:
        """Why and until when a notification is not to be sent yet."""
        why, until = reason_to_hold(check, channel, one, project.windows, self._clock())
        if until is not None and project.windows:
            # A window that has just ended must not hold it back until the end that it would have had.
            fresh = await self._project(check.project, fresh=True)
            why, until = reason_to_hold(check, channel, one, fresh.windows, self._clock())
        return why, until

    # -- from notifications to receipts

    async def _run(self) -> None:
        while True:
            try:
                await self.tick()
            except Unavailable:
                pass
            except Exception:
                log.exception("notifications: unexpected")
            await asyncio.sleep(TICK)

    async def tick(self) -> None:
        """Take up what is due: put off, held back, or left by a process that died."""
        found = await self._storage.notifications.due(self._clock(), AT_ONCE, self._looked_until)
        # What busy channels leave where it is must not hide what lies behind it: go on there next time.
        self._looked_until = found[-1].due if len(found) == AT_ONCE else None
        for one in found:
            queued = len(self._queues.get(one.channel, ()))
            if queued >= REFILLED or (one.check, one.channel, one.n) in self._here:
                continue
            if leased := await self._leased(one):
                self._push(leased)

    async def _leased(self, one: Notification) -> Notification | None:
        """The notification under a lease that outlasts an attempt; None if it waited here for so long that
        somebody else has taken it up.
        """
        until = self._clock() + self._lease
        if one.due is not None and one.due >= until - FRESH:
            return one
        return replace(one, due=until) if await self._storage.notifications.claim(one, until) else None

    def _push(self, one: Notification) -> None:
        if self._stopping:
            return
        self._here.add((one.check, one.channel, one.n))
        self._queues.setdefault(one.channel, deque()).append(one)
        senders = self._senders.setdefault(one.channel, set())
        if len(senders) < SENDERS:
            senders.add(asyncio.create_task(self._work(one.channel), name="sender"))

    async def _work(self, channel: UUID) -> None:
        """A sender: sends what is queued until there is no more."""
        task = asyncio.current_task()
        assert task is not None
        try:
            await self._send_all(channel)
        finally:
            # At once: what is pushed from now on needs another sender.
            senders = self._senders[channel]
            senders.discard(task)
            if not senders:
                del self._senders[channel]

    async def _send_all(self, channel: UUID) -> None:
        while queue := self._queues.get(channel):
            one = queue.popleft()
            if not queue:
                del self._queues[channel]
            through = True
            try:
                through = await self._send(one)
            except Unavailable:
                # Its lease will end, and it will be looked at again.
                pass
            except Exception:
                log.exception("can't notify channel %s of check %s", one.channel, one.check)
            if through:
                self._here.discard((one.check, one.channel, one.n))
                for waiting in self._waiting.pop((one.check, one.channel), []):
                    self._push(waiting)

    async def _send(self, one: Notification) -> bool:
        """See one notification through. False: it waits for an earlier one that is on its way."""
        leased = await self._leased(one)
        if leased is None:
            return True
        one = leased
        before = [
            await self._ended(earlier, one) for earlier in await self._storage.notifications.before(one)
        ]
        if any(earlier.status == "pending" for earlier in before):
            if one.event == "reminder" and any(earlier.held for earlier in before):
                await self._settle(one, "skipped", "an earlier message is still held back")
                return True
            return await self._put_behind(one, before)
        project = await self._project(one.project)
        if one.channel not in project.channels:
            project = await self._project(one.project, fresh=True)
        channel = project.channels.get(one.channel)
        try:
            check = await self._cache.get(one.check)
        except NotFound:
            check = None
        if channel is None or check is None:
            await self._settle(one, "skipped", "the channel or the check was deleted")
            return True
        if why := pointless(one, before, channel, check) or await self._superseded(one, check):
            await self._settle(one, "skipped", why)
            return True
        why, until = await self._held(check, channel, one, project)
        if until is not None and one.event == "reminder":
            await self._settle(one, "skipped", why)
        elif until is not None:
            await self._settle(one, "pending", why, until, held=True)
        else:
            await self._attempt(one, channel, check)
        return True

    async def _ended(self, earlier: Notification, one: Notification) -> Notification:
        """The earlier notification, which need not be told any more if it is held back and `one` came of the
        end of what it tells.
        """
        if not (earlier.status == "pending" and earlier.held) or one.event == "reminder":
            return earlier
        if not await self._storage.notifications.claim(earlier, self._clock() + self._lease):
            return earlier  # it is on its way
        skipped = _skipped(earlier, f"over before it was told ({earlier.why})")
        await self._settle(earlier, "skipped", skipped.why)
        return skipped

    async def _superseded(self, one: Notification, check: Check) -> str | None:
        """After a long absence of ours only the newest of what had happened before is told."""
        if one.at >= self._back_since or check.n_alerts <= one.n:
            return None
        latest = await self._storage.notifications.is_latest(one, check.n_alerts)
        return None if latest else _TOLD_LATE

    async def _put_behind(self, one: Notification, before: Sequence[Notification]) -> bool:
        """Earlier ones are not through yet. If they are here, they wake this one (False); else time does."""
        pending = [earlier for earlier in before if earlier.status == "pending"]
        if any((earlier.check, earlier.channel, earlier.n) in self._here for earlier in pending):
            self._waiting.setdefault((one.check, one.channel), []).append(one)
            return False
        before = await self._storage.notifications.before(one)
        if not any(earlier.status == "pending" for earlier in before):
            return await self._send(one)  # they have just come to their end
        dues = [earlier.due for earlier in pending if earlier.due is not None]
        due = max([self._clock() + timedelta(seconds=TICK), *dues])
        await self._settle(one, "pending", "waits for an earlier one", due)
        return True

    async def _attempt(self, one: Notification, channel: Channel, check: Check) -> None:
        async with self._slots:
            if await self._leased(one) is None:
                return
            alert_message = replace(await self._notice(one, check), bounce=self._return_address(channel.id))
            attempt, transient = await self._tell(channel, alert_message)
        tries = len(one.attempts) + 1
        if attempt.error is None:
            await self._settle_surely(one, "sent", attempt)
        elif transient and tries < self._settings.notifications.attempts:
            due = self._clock() + timedelta(seconds=_pause(tries))
            await self._settle(one, "pending", "will be tried again", due, attempt)
        else:
            log.warning("channel %s (%s): gave up: %s", channel.id, channel.kind, attempt.error)
            await self._settle_surely(one, "failed", attempt)

    async def _settle_surely(self, one: Notification, status: NotificationStatus, attempt: Attempt) -> None:
        """Note the outcome, before the lease ends if the database lets us: else it is told again."""
        deadline = monotonic() + MARGIN - 1
        while True:
            try:
                return await self._settle(one, status, None, None, attempt)
            except Unavailable:
                if monotonic() >= deadline:
                    raise
            await asyncio.sleep(0.5)

    async def test(self, channel: Channel, check: Check | None) -> Attempt:
        """Send a test, and say what came of it."""
        now = self._clock()
        stand_in = check or Check(
            id=channel.id, project=channel.project, created=now, badge=channel.id, name="test"
        )
        alert_message = await self._about(stand_in, channel.id, "test", now, None, "ping")
        async with self._slots:
            attempt, _ = await self._tell(channel, alert_message)
        return attempt

    def notify_operator(self, text: str) -> None:
        """Send a line to whoever runs this server, if there is an address; without waiting for it."""
        if self._settings.notifications.operator and not self._stopping:
            task = asyncio.create_task(self._mail_operator(text), name="operator")
            self._errands.add(task)
            task.add_done_callback(self._errands.discard)

    async def _mail_operator(self, text: str) -> None:
        message = EmailMessage()
        message["Subject"] = f"hcserver at {self._settings.http.public_url} was away"
        message["From"] = self._settings.email.sender
        message["To"] = operator = self._settings.notifications.operator
        message["Date"] = format_datetime(self._clock())
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        for attempt in range(self._settings.notifications.attempts):
            try:
                addresses = [parseaddr(one)[1] for one in (self._settings.email.sender, operator)]
                await self._send_context().mailer.send(message, *addresses)
                return
            except DeliveryError as failure:
                log.warning("can't tell the operator: %s", failure)
                if not failure.transient:
                    return
            await asyncio.sleep(_pause(attempt + 1))

    async def _tell(self, channel: Channel, alert_message: AlertMessage) -> tuple[Attempt, bool]:
        """Tell it once; what came of it, and whether it may come off later."""
        at, began = self._clock(), monotonic()
        status, error, transient = None, None, False
        try:
            status = (await self._hand_over(channel, alert_message)).status
        except DeliveryError as failure:
            status, error, transient = failure.status, str(failure)[:1000], failure.transient
        except Exception:
            log.exception(
                "channel %s (%s) can't tell of check %s", channel.id, channel.kind, alert_message.check.id
            )
            error, transient = "internal error, see the server's log", True
        took = round(monotonic() - began, 3)
        return Attempt(at=at, duration=took, status=status, error=error), transient

    async def _hand_over(self, channel: Channel, alert_message: AlertMessage) -> Receipt:
        """Raises DeliveryError."""
        try:
            way = kind(channel.kind)
        except InvalidRequest as error:
            raise DeliveryError(str(error), transient=False) from error
        if isinstance(way, Group):
            raise DeliveryError("a group has no way to send of its own", transient=False)
        try:
            async with asyncio.timeout(self._limit):
                return await way.send(channel.target, alert_message, self._send_context())
        except TimeoutError:
            raise DeliveryError(f"no answer within {self._limit:g} s", transient=True) from None

    def _send_context(self) -> SendContext:
        if self._context is None:
            self._context = SendContext.of(self._settings)
        return self._context

    async def _notice(self, one: Notification, check: Check) -> AlertMessage:
        happened = one.since if one.event == "reminder" and one.since is not None else one.at
        since = None if one.event == "reminder" else one.since
        name = uuid5(one.check, f"{one.n}:{one.channel}")
        # It may be told late: what it tells is how things were.
        then = replace(check, status=_STATUS[one.event], n_pings=one.ping)
        return await self._about(then, name, one.event, happened, since, one.reason)

    async def _about(
        self,
        check: Check,
        id: UUID,
        event: MessageEvent,
        happened: datetime,
        since: datetime | None,
        reason: str,
    ) -> AlertMessage:
        project = await self._lookup.by_id(check.project)
        return AlertMessage(
            id=id,
            event=event,
            check=check,
            project="" if project is None else project.name,
            happened=happened,
            since=since,
            reason=reason,
            last_ping=await self._storage.pings.get(check.id, check.n_pings) if check.n_pings else None,
            base_url=self._settings.http.public_url,
            now=self._clock(),
        )

    async def _project(self, id: UUID, fresh: bool = False) -> _Project:
        """A project's channels and windows, at most REMEMBERED seconds old: alerts come in crowds."""
        known = None if fresh else self._projects.get(id)
        if known is None or monotonic() > known.good_until:
            channels = {one.id: one for one in await self._storage.channels.of_project(id)}
            windows = await self._storage.windows.of_project(id)
            self._projects = {key: one for key, one in self._projects.items() if one.good_until > monotonic()}
            known = self._projects[id] = _Project(channels, windows, monotonic() + REMEMBERED)
        return known

    async def _settle(
        self,
        one: Notification,
        status: NotificationStatus,
        why: str | None,
        due: datetime | None = None,
        attempt: Attempt | None = None,
        held: bool = False,
    ) -> None:
        await self._storage.notifications.settle(one, status, why, due, attempt, held)


def _pause(tries: int) -> float:
    """Seconds until the next attempt after so many; a little at random, so that crowds spread out."""
    pause: float = min(2.0 ** (tries - 1), LONGEST_PAUSE)
    return pause * random.uniform(0.75, 1.25)


def _notification(check: Check, alert: Alert, channel: Channel) -> Notification:
    return Notification(
        check=check.id,
        n=alert.n,
        channel=channel.id,
        project=check.project,
        event=alert.event,
        reason=alert.reason,
        at=alert.at,
        since=alert.since,
        ping=alert.ping,
    )


def _skipped(one: Notification, why: str) -> Notification:
    return replace(one, status="skipped", why=why)


def _expanded(ids: Iterable[UUID], channels: dict[UUID, Channel]) -> list[Channel]:
    """The channels of a check, groups replaced by their members, each once. A group that is disabled stands
    for itself, so that the log says why nobody was told.
    """
    found: dict[UUID, Channel] = {}
    for id in ids:
        channel = channels.get(id)
        if channel is None:
            continue
        is_group = channel.kind == Group.name and channel.error is None
        members = Group().members(channel.target) if is_group else (id,)
        found.update({member: channels[member] for member in members if member in channels})
    return list(found.values())
