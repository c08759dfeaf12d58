"""Requests to create or change a channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hcserver.domain.channel import Channel
from hcserver.validation import json_fields
from hcserver.validation.limits import MAX_NAME, MAX_TAGS

EVENTS: Final = ("down", "up", "start-too-long", "paused")
MAX_DELAY: Final = 86_400  # seconds: one day
DISABLED: Final = "disabled by its owner"

_ALL: Final = "*"  # in a check's "channels"


_READERS: Final[dict[str, json_fields.Reader]] = {
    "auto_assign": json_fields.boolean,
    "delay": json_fields.integer(0, MAX_DELAY),
    "disabled": json_fields.boolean,
    "events": json_fields.choices(*EVENTS),
    "fields": json_fields.texts,
    "kind": json_fields.string,
    "name": json_fields.line(MAX_NAME),
    "tags": json_fields.text(MAX_TAGS),
    "target": json_fields.text(),
}
SCHEMA: Final = json_fields.object_schema(_READERS)
_NOT_STORED: Final = ("kind", "target", "fields", "disabled")


class ChannelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a channel. None: the request does not have the field.

    Whether the kind exists, and whether target or fields fit it, is checked where the kinds are known.
    """

    kind: str | None
    target: str | None
    fields: dict[str, str] | None  # the parts of a target by the names that the kind gives them
    disabled: bool | None
    changes: dict[str, Any]  # fields of Channel with their new values


def parse_channel(data: Mapping[str, object]) -> ChannelSpec:
    """Check the fields of a request; unknown ones are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty field.
    """
    values = json_fields.parse(data, _READERS)
    if "target" in values and "fields" in values:
        raise json_fields.fault("fields and target don't go together: a target has one form or the other")
    return ChannelSpec(
        kind=values.get("kind"),
        target=values.get("target"),
        fields=values.get("fields"),
        disabled=values.get("disabled"),
        changes={name: value for name, value in values.items() if name not in _NOT_STORED},
    )


def apply_channel(channel: Channel, spec: ChannelSpec, target: str | None) -> Channel:
    """The channel with the changes made, and with `target` unless that is None.

    Another target removes an error that the old target caused. Raises InvalidRequest for a name by which the
    channel could not be assigned to a check.
    """
    changed = msgspec.structs.replace(channel, **spec.changes)
    if changed.name != channel.name:
        require_assignable(changed.name)
    if target is not None:
        changed = msgspec.structs.replace(changed, target=target, unreadable=None)
    return msgspec.structs.replace(changed, error=_error(channel, spec.disabled, changed.target))


def _error(channel: Channel, disabled: bool | None, target: str) -> str | None:
    error = None if target != channel.target and channel.error != DISABLED else channel.error
    if disabled is None:
        return error
    return error or DISABLED if disabled else None  # one that is disabled already keeps its reason


def require_assignable(name: str) -> None:
    """A check's "channels" names channels, with commas between them. Raises InvalidRequest."""
    if "," in name:
        raise json_fields.fault("name contains a comma, which separates the names of channels")
    if name == _ALL:
        raise json_fields.fault(f'name is "{_ALL}", which means all channels')
