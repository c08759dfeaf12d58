"""Secrets are planted in the target of every kind of channel, and looked for in all that others may see."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify.registry import CHANNEL_KINDS
from hcserver.services.delivery import transports
from hcserver.services.delivery.bounces import NEEDED
from hcserver.services.delivery.return_addresses import ReturnAddress, message_id
from tests.handlers.harness import Site
from tests.planted_secrets import PLANTED


def test_secrets_are_planted_in_every_kind() -> None:
    assert {kind for kind, _, _ in PLANTED} == set(CHANNEL_KINDS)


class Gossip:
    """A kind that repeats the target, whole and in pieces, in every error."""

    def __init__(self) -> None:
        self.crashes = False

    def gossip(self, target: str) -> str:
        pieces = [target, unquote(target), quote(target, safe=""), target.upper()]
        pieces += re.split(r"[/:@?&=#\"]+", unquote(target))
        return " ".join(f"<{piece}>" for piece in pieces)

    async def send(self, target: str, alert_message: Any, context: Any) -> Any:
        if self.crashes:
            raise ValueError(self.gossip(target))
        raise DeliveryError(self.gossip(target), transient=False)


async def stored(site: Site, kind: str, target: str) -> Channel:
    """A channel in the form in which its target is stored; one that is refused now as it is."""
    with suppress(InvalidRequest):
        target = CHANNEL_KINDS[kind].normalise(target)
    channel = Channel(
        id=uuid4(), project=site.project.id, created=site.clock(), kind=kind, target=target, auto_assign=True
    )
    await site.services.storage.channels.insert(channel)
    return channel


@pytest.mark.parametrize(("kind", "target", "secrets"), PLANTED, ids=lambda value: str(value)[:30])
async def test_no_secret_is_in_the_log_and_in_what_a_read_only_key_sees(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    target: str,
    secrets: tuple[str, ...],
) -> None:
    gossip = Gossip()
    monkeypatch.setattr(transports, "kind", lambda name: gossip)
    caplog.set_level(logging.INFO)
    channel = await stored(site, kind, target)
    seen = []
    if kind != "group":
        for crashes in (False, True):
            gossip.crashes = crashes
            seen.append((await site.api("POST", f"channels/{channel.id}/test")).text)
        assert "can't send a message" in caplog.text
    error = gossip.gossip(channel.target)
    for _ in range(NEEDED):
        await site.services.bounces.returned(ReturnAddress(channel.id, message_id(uuid4())), error)
    await site.create(name="job", channels="*")
    for path in (f"channels/{channel.id}", "checks/"):
        reply = await site.api("GET", path, key=site.keys.api_key_readonly)
        assert reply.status == 200
        seen.append(reply.text)
    assert "mail came back" in seen[-2]
    text = "\n".join([*seen, caplog.text]).lower()
    caplog.clear()  # errors in it would fail the test
    assert [secret for secret in secrets if secret.lower() in text] == []


async def test_the_error_of_a_kind_that_does_not_exist_any_more_is_masked_too(site: Site) -> None:
    channel = replace(await stored(site, "email", "x@example.org"), kind="pigeon", target="roof/s3cret-key")
    await site.services.storage.channels.replace(channel)
    for _ in range(NEEDED):
        address = ReturnAddress(UUID(str(channel.id)), message_id(uuid4()))
        await site.services.bounces.returned(address, "no roof/s3cret-key, no s3cret-key")
    reply = await site.api("GET", f"channels/{channel.id}", key=site.keys.api_key_readonly)
    assert reply.json["error"] == "mail came back: no ****, no ****"
