"""Test messages, which show whether a channel works."""

from __future__ import annotations

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.notification import Attempt
from hcserver.services.delivery.attempts import Attempts
from hcserver.services.delivery.messages import Messages


class ChannelTests:
    """Sends test messages once each; they are not stored and not repeated."""

    def __init__(self, messages: Messages, attempts: Attempts) -> None:
        self._messages = messages
        self._attempts = attempts

    async def send(self, channel: Channel, check: Check | None) -> Attempt:
        """Send a test, about the check if one is given; the outcome. Raises Unavailable."""
        message = await self._messages.of_test(channel, check)
        return (await self._attempts.try_once(channel, message)).attempt
