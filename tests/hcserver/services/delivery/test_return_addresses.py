from __future__ import annotations

from typing import Any
from uuid import uuid4

from hcserver.services.delivery.return_addresses import (
    GOOD_FOR,
    ReturnAddress,
    ReturnAddresses,
    message_id,
)
from tests.hcserver.services.conftest import FakeClock
from tests.hcserver.storage.stores import storage_of


async def test_a_return_address_leads_to_its_channel_and_message_in_every_process(
    database: Any, clock: FakeClock
) -> None:
    one, two = [ReturnAddresses(storage_of(database), "Bounces.example.org", clock) for _ in range(2)]
    await one.start()
    await two.start()
    channel, message = uuid4(), uuid4()
    address = one.make(channel, message)
    expected = ReturnAddress(channel, message_id(message))
    assert two.read(address) == two.read(address.upper()) == expected
    assert len(address.partition("@")[0]) <= 64  # RFC 5321 section 4.5.3.1.1


async def test_no_return_address_can_be_made_up(database: Any, clock: FakeClock) -> None:
    addresses = ReturnAddresses(storage_of(database), "bounces.example.org", clock)
    await addresses.start()
    address = addresses.make(uuid4(), uuid4())
    for place in range(len("bounce+"), address.index("@")):
        forged = address[:place] + ("b" if address[place] == "a" else "a") + address[place + 1 :]
        assert addresses.read(forged) is None
    for other in (address.replace("@bounces", "@elsewhere"), "bounce+@bounces.example.org", "", address[:-1]):
        assert addresses.read(other) is None
    unstarted = ReturnAddresses(storage_of(database), "bounces.example.org", clock)
    assert unstarted.read(address) is None


async def test_a_return_address_is_good_for_some_days(database: Any, clock: FakeClock) -> None:
    addresses = ReturnAddresses(storage_of(database), "bounces.example.org", clock)
    await addresses.start()
    address = addresses.make(uuid4(), uuid4())
    clock.advance(GOOD_FOR.total_seconds())
    assert addresses.read(address) is not None
    clock.advance(86400)
    assert addresses.read(address) is None


async def test_without_a_domain_there_are_no_return_addresses(database: Any, clock: FakeClock) -> None:
    addresses = ReturnAddresses(storage_of(database), "", clock)
    await addresses.start()
    assert addresses.make(uuid4(), uuid4()) == ""
    assert addresses.read("bounce+" + "a" * 56 + "@") is None
