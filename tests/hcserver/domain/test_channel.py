from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from msgspec.structs import replace

from hcserver.domain.channel import Channel


def test_people_see_why_a_channel_is_disabled_before_why_it_can_not_be_read() -> None:
    channel = Channel(id=uuid4(), project=uuid4(), created=datetime.now(UTC), kind="email", target="a@b.org")
    assert channel.shown_error is None
    unreadable = replace(channel, target="", unreadable="a key is missing")
    assert unreadable.shown_error == "a key is missing"
    assert replace(unreadable, error="disabled by its owner").shown_error == "disabled by its owner"
