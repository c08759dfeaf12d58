"""Outgoing mail: sessions with the mail server of the settings, used for one message after another."""

from __future__ import annotations

import asyncio
import ssl
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cache

import aiosmtplib
from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from hcserver.config.schema import EmailSettings
from hcserver.errors import DeliveryError
from hcserver.net.http_client import tls_context
from hcserver.notify.plain_text import one_line

# Mail servers limit the connections of one client: Postfix to 50, some providers to 20.
_SESSIONS = 10
# Seconds that a session is kept for the next message: messages often come in crowds.
_IDLE_SECONDS = 5.0

_DELIVERED = 250  # the only good reply to the end of a message (RFC 5321 section 4.2.3)

# One for all sessions, as it takes long to make. Not that of the HTTP client, which offers only HTTP.
_tls = cache(tls_context)


class Mailer:
    """Hands messages to the mail server. Messages beyond the number of sessions wait for their turn."""

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(_SESSIONS)
        self._idle: list[SMTP] = []
        self._tidying: asyncio.TimerHandle | None = None

    async def send(self, message: EmailMessage, sender: str, recipient: str) -> int:
        """The reply code (250) once the server has taken the message. The addresses are the envelope's.

        Raises DeliveryError: permanent if the server refuses this message for good; transient for all trouble
        before that (a wrong password, too), as it is ours and not the recipient's.
        """
        if not self._settings.host:
            raise DeliveryError("there is no mail server: see the setting email.host", transient=False)
        async with self._turns:
            session = await self._session()
            try:
                await session.send_message(message, sender=sender, recipients=[recipient])
            except (SMTPException, OSError) as error:
                session.close()
                raise _failed(error) from error
            except BaseException:  # cancelled in the middle of a dialogue: the session can't be used again
                session.close()
                raise
            self._keep(session)
        return _DELIVERED

    async def try_login(self) -> None:
        """Connect as for a message (EHLO, STARTTLS, AUTH), and send none. Raises DeliveryError."""
        session = await self._connect()
        try:
            await session.quit()
        except (SMTPException, OSError):
            session.close()

    def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
        self._tidy()

    async def _session(self) -> SMTP:
        while self._idle:
            session = self._idle.pop()
            try:
                await session.rset()  # the server may have closed it meanwhile
            except (SMTPException, OSError):
                session.close()
            except BaseException:
                session.close()
                raise
            else:
                return session
        return await self._connect()

    async def _connect(self) -> SMTP:
        settings = self._settings
        session = SMTP(
            hostname=settings.host,
            port=settings.port,
            # Its default is to ask the DNS for our own name.
            local_hostname=parseaddr(settings.sender)[1].rpartition("@")[2],
            timeout=settings.timeout,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._tls(),
            username=settings.username or None,
            password=settings.password or None,
        )
        try:
            await session.connect()
        except (SMTPException, OSError) as error:
            raise DeliveryError(
                f"mail server: {_reason(error)}", transient=True, status=_code(error)
            ) from error
        return session

    def _tls(self) -> ssl.SSLContext | None:
        return None if self._settings.security == "none" else _tls()

    def _keep(self, session: SMTP) -> None:
        self._idle.append(session)
        if self._tidying is not None:
            self._tidying.cancel()
        self._tidying = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._tidy)

    def _tidy(self) -> None:
        while self._idle:
            self._idle.pop().close()


def _failed(error: SMTPException | OSError) -> DeliveryError:
    code = _code(error)
    permanent = code is not None and 500 <= code < 600
    return DeliveryError(f"mail server: {_reason(error)}", transient=not permanent, status=code)


def _code(error: Exception) -> int | None:
    if isinstance(error, SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, SMTPResponseException) else None


def _reason(error: Exception) -> str:
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPResponseException):
        return one_line(f"{error.code} {error.message}")
    if isinstance(error, SMTPServerDisconnected | aiosmtplib.SMTPTimeoutError):
        return "it did not answer"
    return one_line(str(error))
