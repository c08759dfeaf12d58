"""Notifications: from alerts to messages that were sent.

An alert stays in its check's document until its notifications are stored. Their ids derive from the alert,
so each is planned once and none is lost. A notification is pending until it is sent, has failed for good, or
is skipped for a reason. While it is pending it is due at some moment. Whoever wants to send it first puts
that moment off by the length of a lease; if that process dies, another one, or the next start, takes over
when the lease has ended. So a message is sent at least once after a crash, and exactly once without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from hcserver.config.schema import Settings
from hcserver.domain.alert import Alert
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.notification import Attempt
from hcserver.notify.plain_text import one_line
from hcserver.services.delivery.attempts import Attempts
from hcserver.services.delivery.channel_notices import ChannelNotices
from hcserver.services.delivery.channel_tests import ChannelTests
from hcserver.services.delivery.dispatcher import Dispatcher
from hcserver.services.delivery.held_notifications import Holds
from hcserver.services.delivery.leases import Leases
from hcserver.services.delivery.messages import Messages
from hcserver.services.delivery.notified_channels import NotifiedChannels
from hcserver.services.delivery.operator_mail import OperatorMail
from hcserver.services.delivery.outcomes import Outcomes
from hcserver.services.delivery.planner import Planner
from hcserver.services.delivery.project_settings import ProjectSettingsCache
from hcserver.services.delivery.sender import Sender
from hcserver.services.delivery.transports import Transports
from hcserver.services.dependencies import Dependencies
from hcserver.services.events import EventBus
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.services.reading.recent_pings import RecentPings
from hcserver.storage import Storage


class Notifier:
    """Plans notifications of alerts and has them sent. `return_address` makes the address to which a message
    to a channel returns if it is undeliverable.
    """

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        dependencies: Dependencies,
        lookup: Lookup,
        recent_pings: RecentPings,
        return_address: Callable[[UUID, UUID], str],
        settings: Settings,
        clock: Clock,
        events: EventBus,
    ) -> None:
        outcomes = Outcomes(storage, events)
        self.project_settings = ProjectSettingsCache(storage)
        self.leases = Leases(storage, settings.notifications.timeout, clock)
        self.transports = Transports(settings)
        base_url = settings.http.public_url
        self.messages = Messages(storage, recent_pings, dependencies, lookup, return_address, base_url, clock)
        self.attempts = Attempts(
            outcomes,
            self.messages,
            self.transports,
            self.leases,
            settings.notifications.attempts,
            clock,
            events,
        )
        holds = Holds(self.project_settings, dependencies, NotifiedChannels(storage, clock), clock)
        self.sender = Sender(
            storage, cache, self.project_settings, holds, self.attempts, self.leases, outcomes
        )
        self.dispatcher = Dispatcher(storage, self.sender, self.leases, outcomes, clock)
        self.planner = Planner(storage, self.project_settings, holds, self.leases, self.dispatcher, clock)
        self.channel_tests = ChannelTests(self.messages, self.attempts)
        self.operator_mail = OperatorMail(self.transports, settings, clock)
        self.channel_notices = ChannelNotices(
            self.messages, self.attempts, self.project_settings, settings.notifications.attempts
        )

    def start(self) -> None:
        self.dispatcher.start()

    async def stop(self) -> None:
        """Let attempts under way come to their end; the rest is sent after the next start."""
        await asyncio.gather(self.dispatcher.stop(), self.operator_mail.stop(), self.channel_notices.stop())
        await self.transports.close()

    async def take(self, alerts: Sequence[tuple[Check, Alert]]) -> None:
        """Store the notifications of these alerts and send them. Repeating it does no harm.

        Raises Unavailable.
        """
        for notification in await self.planner.plan(alerts):
            self.dispatcher.push(notification)

    async def tick(self) -> None:
        """Send what is due in the database. Raises Unavailable."""
        await self.dispatcher.tick()

    def came_back(self, since: datetime, now: datetime) -> None:
        """This server, or its database, was away between these moments."""
        self.sender.came_back(since, now)

    def forget(self, project: UUID) -> None:
        """The project's channels or maintenance windows have changed."""
        self.project_settings.forget(project)

    async def test(self, channel: Channel, check: Check | None) -> Attempt:
        """Send a test message, about the check if one is given; the outcome."""
        return await self.channel_tests.send(channel, check)

    def notify_operator(self, text: str) -> None:
        """Mail to whoever runs this server, if the settings name an address, that it was away. Does not wait
        for it.
        """
        self.operator_mail.notify("was away", text)

    def channel_disabled(self, channel: Channel) -> None:
        """Notify the operator and the project's other channels that this one was disabled. Does not wait."""
        self.forget(channel.project)
        name = one_line(channel.name) or "without a name"
        self.operator_mail.notify(
            "has disabled a channel",
            f"Project: {channel.project}\nChannel: {name} ({channel.kind}, {channel.id})\n"
            f"Error: {channel.error}\n\n"
            "`hcserver channel update PROJECT CHANNEL --enable` enables it again.",
        )
        self.channel_notices.notify(channel)
