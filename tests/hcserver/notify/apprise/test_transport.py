from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from hcserver.notify.alert_message import Receipt
from hcserver.notify.apprise.messages import Message
from hcserver.notify.apprise.transport import APPRISE_KINDS
from hcserver.notify.send_context import SendContext
from tests.hcserver.notify.alert_messages import alert_message

KINDS = {kind.name: kind for kind in APPRISE_KINDS}


async def test_the_message_of_the_service_goes_to_its_apprise_url() -> None:
    sent: list[tuple[str, Message, str]] = []

    class Pool:
        async def send(self, url: str, message: Message, kind: str) -> Receipt:
            sent.append((url, message, kind))
            return Receipt(status=200)

    ntfy = KINDS["ntfy"]
    target = ntfy.normalise("backups-x7Qp2")
    context = cast(SendContext, SimpleNamespace(apprise=Pool()))
    assert await ntfy.send(target, alert_message(), context) == Receipt(status=200)
    assert sent == [(target, ntfy.service.compose(alert_message()), "ntfy")]


@pytest.mark.parametrize(
    ("name", "target", "host"),
    [
        ("ntfy", "https://user:pass@192.168.1.5:8080/topic", "192.168.1.5"),
        ("gotify", "http://[fd00::1]:80/AbCdEf123456789", "[fd00::1]"),
        ("matrix", "syt_AbCdEf@localhost/#ops", "localhost"),
        ("apprise", "mqtt://10.0.0.1", "10.0.0.1"),
    ],
)
def test_the_host_of_a_target_is_known(name: str, target: str, host: str) -> None:
    kind = KINDS[name]
    assert kind.hosts(kind.normalise(target)) == (host,)
