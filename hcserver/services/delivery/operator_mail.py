"""Mail to whoever runs this server."""

from __future__ import annotations

import asyncio
import logging
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from hcserver.config.schema import Settings
from hcserver.domain.clock import Clock
from hcserver.errors import DeliveryError
from hcserver.services.background import Errands
from hcserver.services.delivery.attempts import retry_pause
from hcserver.services.delivery.transports import Transports

log = logging.getLogger(__name__)


class OperatorMail:
    """Sends to the address in the setting notifications.operator; does nothing if that is empty."""

    def __init__(self, transports: Transports, settings: Settings, clock: Clock) -> None:
        self._transports = transports
        self._settings = settings
        self._clock = clock
        self._errands = Errands("mail to the operator")

    def notify(self, what: str, text: str) -> None:
        """Begin to send; it is repeated as often as notifications are. `what` has happened to hcserver."""
        if self._settings.notifications.operator:
            self._errands.begin(self._send(self._message(what, text)))

    async def stop(self) -> None:
        await self._errands.stop()

    def _message(self, what: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = f"hcserver at {self._settings.http.public_url} {what}"
        message["From"] = self._settings.email.sender
        message["To"] = self._settings.notifications.operator
        message["Date"] = format_datetime(self._clock())
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    async def _send(self, message: EmailMessage) -> None:
        sender, recipient = parseaddr(message["From"])[1], parseaddr(message["To"])[1]
        for attempt in range(1, self._settings.notifications.attempts + 1):
            try:
                await self._transports.mailer.send(message, sender, recipient)
                return
            except DeliveryError as failure:
                log.warning("can't send mail to the operator: %s", failure)
                if not failure.transient:
                    return
            except Exception:
                log.exception("can't send mail to the operator")
            await asyncio.sleep(retry_pause(attempt))
