"""A message behind DATA: it is read, recorded and answered, and we note whether the answer was heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hcserver.config.schema import SmtpSettings
from hcserver.errors import NotFound
from hcserver.net.byte_budget import Share
from hcserver.services.intake.repetitions import Receipt
from smtp.data import Data, read_data
from smtp.delivery import Delivery, Message, Target

if TYPE_CHECKING:
    from smtp.session import Session

NO_ROOM = "452 4.3.1 Too many large messages at a time, try again later"
TOO_LARGE = "552 5.3.4 Message too large"


class Reception:
    """Receives the messages of one session; `memory` is their share of the budget."""

    def __init__(
        self,
        session: Session,
        settings: SmtpSettings,
        delivery: Delivery,
        memory: Share,
    ) -> None:
        self._session = session
        self._settings = settings
        self._delivery = delivery
        self._memory = memory
        self._unheard: list[Receipt] = []  # of messages that were recorded and answered on this connection
        self.busy = False  # a message is being recorded

    async def receive(self) -> Data:
        """Ask for the content of a message and read it. Raises EOFError if the client goes before its end."""
        await self._session.reply("354 End data with <CR><LF>.<CR><LF>")
        self._session.expect_within(self._settings.data_timeout)
        try:
            data = await read_data(self._session.reader, self._settings.max_message_bytes, self._memory.take)
        except BaseException:
            self._memory.give_back()
            raise
        self._session.stop_timer()
        # The client has waited for our 354, so it has heard everything that we answered before.
        self.heard()
        return data

    async def accept(self, data: Data, sender: str, targets: Sequence[Target]) -> bool:
        """Record the message and answer: 250 only when the pings of all recipients are durable. Returns
        whether it was accepted. Raises Unavailable.
        """
        try:
            if data.too_large or data.no_room:
                await self._session.reply(TOO_LARGE if data.too_large else NO_ROOM)
                return False
            message = Message(
                raw=data.content(),
                sender="" if sender == "<>" else _printable(sender),
                remote_addr=self._session.remote_addr,
            )
            return await self._deliver(message, targets)
        finally:
            self._memory.give_back()

    def heard(self) -> None:
        """The client has received all of our answers up to now."""
        if self._unheard:
            self._delivery.acknowledged(self._unheard)
            self._unheard = []

    async def _deliver(self, message: Message, targets: Sequence[Target]) -> bool:
        self.busy = True
        try:
            receipts = await self._delivery.deliver(message, targets)
        except NotFound:
            await self._session.reply("550 5.1.1 No such check any more")
            return False
        finally:
            self.busy = False
        await self._session.reply("250 2.0.0 OK, recorded")
        self._unheard += receipts
        return True


def _printable(text: str) -> str:
    """The text with control characters, and bytes that were not UTF-8, replaced by U+FFFD."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
