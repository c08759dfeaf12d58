"""What clients say about a channel when they create or update it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hcserver.domain.channel import Channel
from hcserver.validation import json_fields
from hcserver.validation.check import MAX_NAME, MAX_TAGS

EVENTS: Final = ("down", "up", "start-too-long", "paused")
MAX_DELAY: Final = 86_400  # seconds: one day
DISABLED: Final = "disabled by its owner"

_ALL: Final = "*"  # in a check's "channels"


def _channel_name(name: str, value: object) -> str:
    """A name by which a check can be given the channel: in a check's "channels" commas separate names."""
    text = json_fields.line(MAX_NAME)(name, value)
    if "," in text:
        raise json_fields.fault(f"{name} contains a comma, which separates the names of channels")
    if text == _ALL:
        raise json_fields.fault(f'{name} is "{_ALL}", which means all channels')
    return text


_READERS: Final[dict[str, json_fields.Reader]] = {
    "auto_assign": json_fields.boolean,
    "delay": json_fields.integer(0, MAX_DELAY),
    "disabled": json_fields.boolean,
    "events": json_fields.choices(*EVENTS),
    "kind": json_fields.string,
    "name": _channel_name,
    "tags": json_fields.text(MAX_TAGS),
    "target": json_fields.text(),
}
_NOT_STORED: Final = ("kind", "target", "disabled")


class ChannelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A request to create or update a channel; None is what it does not say.

    Whether the kind exists and the target fits it is for those to judge who know the kinds.
    """

    kind: str | None
    target: str | None
    changes: dict[str, Any]  # fields of Channel with their new values


def parse_channel(data: Mapping[str, object]) -> ChannelSpec:
    """Check the members of a request; unknown ones are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty member.
    """
    values = json_fields.parse(data, _READERS)
    changes = {name: value for name, value in values.items() if name not in _NOT_STORED}
    if "disabled" in values:
        changes["error"] = DISABLED if values["disabled"] else None
    return ChannelSpec(kind=values.get("kind"), target=values.get("target"), changes=changes)


def apply_channel(channel: Channel, spec: ChannelSpec, target: str | None) -> Channel:
    """The channel with the changes made, and with `target` unless that is None.

    Another target ends what was wrong with the old one.
    """
    changed = msgspec.structs.replace(channel, **spec.changes)
    if target is None or target == channel.target:
        return changed
    mended = "error" not in spec.changes and channel.error != DISABLED
    return msgspec.structs.replace(changed, target=target, error=None if mended else changed.error)
