from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.errors import InvalidRequest
from hcserver.validation.channel import DISABLED, apply_channel, parse_channel

CHANNEL = Channel(
    id=UUID(int=1),
    project=UUID(int=2),
    created=datetime(2025, 1, 1, tzinfo=UTC),
    kind="email",
    target="ops@example.org",
)


def changed(channel: Channel, /, target: str | None = None, **data: object) -> Channel:
    return apply_channel(channel, parse_channel(data), target)


def fault(**data: object) -> str:
    with pytest.raises(InvalidRequest) as caught:
        parse_channel(data)
    return str(caught.value).removeprefix("json validation error: ")


def test_every_setting_is_taken_as_given() -> None:
    settings: dict[str, Any] = {
        "name": "Ops",
        "events": ["paused", "start-too-long"],
        "delay": 86_400,
        "tags": "prod  db",
        "auto_assign": True,
    }
    after = changed(CHANNEL, **settings)
    assert after == Channel(
        id=CHANNEL.id,
        project=CHANNEL.project,
        created=CHANNEL.created,
        kind="email",
        target="ops@example.org",
        name="Ops",
        events=("paused", "start-too-long"),
        delay=86_400,
        tags="prod  db",
        auto_assign=True,
    )
    assert changed(after, nonsense=1) == after


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"auto_assign": 1}, "auto_assign is not a boolean"),
        ({"delay": -1}, "delay is too small"),
        ({"delay": 86_401}, "delay is too large"),
        ({"delay": "1"}, "delay is not a number"),
        ({"disabled": None}, "disabled is not a boolean"),
        ({"events": "down"}, "events is not an array"),
        ({"events": ["reminder"]}, "an item in 'events' has unexpected value"),
        ({"kind": 1}, "kind is not a string"),
        ({"name": "x" * 101}, "name is too long"),
        ({"name": "a\nb"}, "name contains characters that can't be printed"),
        ({"tags": "x" * 501}, "tags is too long"),
        ({"target": {}}, "target is not a string"),
        ({"target": "\0"}, "target contains characters that can't be stored"),
        ({"target": None, "delay": None}, "delay is not a number"),
    ],
    ids=str,
)
def test_a_faulty_field_is_refused(data: dict[str, object], expected: str) -> None:
    assert fault(**data) == expected


def test_a_target_is_given_as_a_whole_or_by_its_fields() -> None:
    spec = parse_channel({"kind": "ntfy", "fields": {"topic": "backups"}})
    assert (spec.target, spec.fields, spec.changes) == (None, {"topic": "backups"}, {})
    with pytest.raises(InvalidRequest, match="fields and target don't go together"):
        parse_channel({"target": "backups", "fields": {"topic": "backups"}})


def test_the_owner_disables_and_enables_it() -> None:
    disabled = changed(CHANNEL, disabled=True)
    assert disabled.error == DISABLED
    assert changed(disabled, name="x").error == DISABLED
    assert changed(disabled, target="else@example.org").error == DISABLED
    assert changed(disabled, disabled=False).error is None


def test_another_target_removes_the_error_of_the_old_one() -> None:
    broken = replace(CHANNEL, error="bounced")
    assert changed(broken, target="ops@example.org").error == "bounced"
    mended = changed(broken, target="else@example.org")
    assert (mended.target, mended.error) == ("else@example.org", None)
    assert changed(broken, target="else@example.org", disabled=True).error == DISABLED


def test_disabling_a_channel_that_is_disabled_keeps_the_reason() -> None:
    assert changed(replace(CHANNEL, error="bounced"), disabled=True).error == "bounced"


@pytest.mark.parametrize("name", ["one,two", ",", "*"])
def test_a_new_name_by_which_it_could_not_be_assigned_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^json validation error: name "):
        changed(CHANNEL, name=name)
    assert changed(replace(CHANNEL, name=name), name=name, delay=5).name == name
