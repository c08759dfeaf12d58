"""Outgoing mail: whether the mail server takes our connection and our login. No message is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

from hcserver.config.schema import EmailSettings
from hcserver.errors import DeliveryError
from hcserver.notify.mailer import Mailer
from hcserver.services.doctor.finding import Finding, error, ok

SUBJECT = "outgoing mail"


async def examine_mail(settings: EmailSettings) -> AsyncIterator[Finding]:
    if not settings.host:
        yield ok(SUBJECT, "there is no mail server (email.host): channels of the kind email can't send")
        return
    place = f"{settings.host} {settings.port}"
    try:
        await Mailer(settings).try_login()
    except DeliveryError as problem:
        yield error(SUBJECT, f"{place}: {problem}")
        return
    encryption = "without encryption" if settings.security == "none" else f"with {settings.security.upper()}"
    login = f" and the login as {settings.username}" if settings.username else ""
    yield ok(SUBJECT, f"{place} takes the connection {encryption}{login}")
