"""Hands a message to the transport of a channel's kind, within the time limit of an attempt."""

from __future__ import annotations

import asyncio

from hcserver.config.schema import Settings
from hcserver.domain.channel import Channel
from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.group import Group
from hcserver.notify.mailer import Mailer
from hcserver.notify.registry import kind
from hcserver.notify.send_context import SendContext


class Transports:
    """Belongs to one event loop. What the transports share is made when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self.time_limit = settings.notifications.timeout
        self._settings = settings
        self._shared: SendContext | None = None

    async def send(self, channel: Channel, message: AlertMessage) -> Receipt:
        """Raises DeliveryError."""
        if channel.unreadable is not None:
            # Another process may have the key, or this one may get it: the message is not lost yet.
            raise DeliveryError(channel.unreadable, transient=True)
        try:
            transport = kind(channel.kind)
        except InvalidRequest as error:
            raise DeliveryError(str(error), transient=False) from error
        if isinstance(transport, Group):
            raise DeliveryError("a group can't send: its channels do", transient=False)
        try:
            async with asyncio.timeout(self.time_limit):
                return await transport.send(channel.target, message, self._context())
        except TimeoutError:
            raise DeliveryError(f"no answer within {self.time_limit:g} s", transient=True) from None

    @property
    def mailer(self) -> Mailer:
        """For mail that does not belong to a channel."""
        return self._context().mailer

    async def close(self) -> None:
        """Close connections and end processes."""
        if self._shared is not None:
            await self._shared.close()

    def _context(self) -> SendContext:
        if self._shared is None:
            self._shared = SendContext.of(self._settings)
        return self._shared
