"""Sending email to a mail server of the test."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from hcserver.config.schema import EmailSettings
from hcserver.errors import DeliveryError
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.email import Email
from tests.hcserver.notify.alert_messages import alert_message
from tests.hcserver.receivers import SmtpReceiver, making_send_context

EMAIL = Email()
TO = "ops@example.org"


def to(receiver: SmtpReceiver, **settings: Any) -> EmailSettings:
    given: dict[str, Any] = {"host": "127.0.0.1", "port": receiver.port, "security": "none", "timeout": 5.0}
    return EmailSettings(sender="Monitor <hc@monitor.test>", **given | settings)


async def sent(receiver: SmtpReceiver, message: AlertMessage, **settings: Any) -> EmailMessage:
    async with making_send_context(to(receiver, **settings)) as context:
        assert await EMAIL.send(TO, message, context) == Receipt(status=250)
    parsed = message_from_bytes(receiver.messages[-1].content, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


async def refused(receiver: SmtpReceiver, **settings: Any) -> DeliveryError:
    async with making_send_context(to(receiver, **settings)) as context:
        with pytest.raises(DeliveryError) as caught:
            await EMAIL.send(TO, alert_message(), context)
    return caught.value
