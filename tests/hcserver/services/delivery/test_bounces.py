from __future__ import annotations

from typing import Any
from uuid import uuid4

from hcserver.domain.channel import Channel
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.delivery.bounces import Bounces
from tests.hcserver.services.conftest import FakeClock
from tests.hcserver.storage.stores import storage_of


async def test_a_return_address_leads_to_its_channel_and_none_can_be_made_up(
    database: Any, clock: FakeClock
) -> None:
    one, two = [Bounces(storage_of(database), "Bounces.example.org", clock) for _ in range(2)]
    await one.start()
    await two.start()
    channel = uuid4()
    address = one.address(channel)
    assert two.channel_of(address) == two.channel_of(address.upper()) == channel
    assert len(address.partition("@")[0]) <= 64  # RFC 5321 section 4.5.3.1.1
    forged = address.replace(channel.hex, uuid4().hex)
    for other in (forged, address.replace("@bounces", "@elsewhere"), "bounce+@bounces.example.org", ""):
        assert two.channel_of(other) is None


async def test_without_a_domain_there_are_no_return_addresses(database: Any, clock: FakeClock) -> None:
    bounces = Bounces(storage_of(database), "", clock)
    await bounces.start()
    assert bounces.address(uuid4()) == ""
    assert bounces.channel_of(f"bounce+{'0' * 32}.{'0' * 16}@") is None


async def test_a_channel_whose_mail_comes_back_is_disabled_and_shows_why(
    services: Services, project: Project, clock: FakeClock
) -> None:
    channel = Channel(
        id=uuid4(), project=project.id, created=clock.now, kind="email", target="ops@example.org"
    )
    await services.storage.channels.insert(channel)
    await services.bounces.returned(channel.id, "550 5.1.1 <ops@example.org>: no such user")
    await services.bounces.returned(channel.id, "something later")
    await services.bounces.returned(uuid4(), "of a channel that is gone")
    found = await services.storage.channels.get(channel.id)
    assert found is not None
    assert found.error == "mail came back: 550 5.1.1 <o****@example.org>: no such user"
