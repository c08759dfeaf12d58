"""All kinds of channels, by name, and what may be shown of a channel's target."""

from __future__ import annotations

import re

from hcserver.domain.channel import Channel
from hcserver.errors import InvalidRequest
from hcserver.notify.apprise.transport import APPRISE_KINDS
from hcserver.notify.email import Email
from hcserver.notify.group import Group
from hcserver.notify.masking import without_secrets, words
from hcserver.notify.shell import Shell
from hcserver.notify.targets import MASK
from hcserver.notify.transport import Transport
from hcserver.notify.webhook import Webhook

# A group can't send: the caller sends to its members.
ChannelKind = Transport | Group

_ALL: tuple[ChannelKind, ...] = (Email(), Webhook(), Shell(), Group(), *APPRISE_KINDS)
_LONG_TARGET = 6  # characters; shorter targets may be words of the error
CHANNEL_KINDS = {one.name: one for one in _ALL}


def kind(name: str) -> ChannelKind:
    """Raises InvalidRequest if there is no such kind."""
    try:
        return CHANNEL_KINDS[name]
    except KeyError:
        raise InvalidRequest(
            f"unknown kind of channel {name[:100]!r}: expected one of {', '.join(CHANNEL_KINDS)}"
        ) from None


def kind_documents() -> list[dict[str, object]]:
    """What people may choose and fill in, for programs: each kind with its label, its help and its fields."""
    return [
        {
            "kind": name,
            "label": one.form.label,
            "help": one.form.help,
            "fields": [
                {
                    "name": field.name,
                    "label": field.label,
                    "type": field.type,
                    "help": field.help,
                    "required": field.required,
                    "example": field.example,
                    "default": field.default,
                    "choices": field.choices,
                }
                for field in one.form.all_fields
            ],
        }
        for name, one in CHANNEL_KINDS.items()
    ]


def masked_target(channel: Channel) -> str:
    """The target without its secrets."""
    transport = CHANNEL_KINDS.get(channel.kind)
    return MASK if transport is None or channel.unreadable else transport.masked(channel.target)


def masked_error(channel: Channel, text: str) -> str:
    """An error of the channel, which may repeat parts of its target, without the target's secrets."""
    if len(channel.target) >= _LONG_TARGET:
        mask = masked_target(channel)
        text = re.sub(re.escape(channel.target), lambda _: mask, text, flags=re.IGNORECASE)
    transport = CHANNEL_KINDS.get(channel.kind)
    if isinstance(transport, Group):
        return text
    secrets = words(channel.target) if transport is None else transport.secrets(channel.target)
    return without_secrets(text, secrets)
