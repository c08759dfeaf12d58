from __future__ import annotations

import pytest

from hcserver.config.schema import EmailSettings, NotificationSettings, Settings
from hcserver.config.types import networks
from hcserver.errors import DeliveryError
from hcserver.notify.send_context import SendContext


async def test_it_is_made_as_the_settings_say_and_closed_without_having_been_used() -> None:
    allowed = networks().read(["192.168.1.0/24"])
    email = EmailSettings(host="mail.example.org")
    settings = Settings(email=email, notifications=NotificationSettings(allowed_networks=allowed))
    context = SendContext.of(settings)
    assert (context.email, context.notifications) == (email, settings.notifications)
    context.policy.check("192.168.1.5")
    with pytest.raises(DeliveryError):
        context.policy.check("192.168.2.5")
    await context.close()
