"""All kinds of channels, by name."""

from __future__ import annotations

from hcserver.domain.channel import Channel
from hcserver.errors import InvalidRequest
from hcserver.notify.apprise.transport import APPRISE_KINDS
from hcserver.notify.email import Email
from hcserver.notify.group import Group
from hcserver.notify.shell import Shell
from hcserver.notify.targets import MASK
from hcserver.notify.transport import Transport
from hcserver.notify.webhook import Webhook

# A group can't send: the caller sends to its members.
ChannelKind = Transport | Group

_ALL: tuple[ChannelKind, ...] = (Email(), Webhook(), Shell(), Group(), *APPRISE_KINDS)
CHANNEL_KINDS = {one.name: one for one in _ALL}


def kind(name: str) -> ChannelKind:
    """Raises InvalidRequest if there is no such kind."""
    try:
        return CHANNEL_KINDS[name]
    except KeyError:
        raise InvalidRequest(
            f"unknown kind of channel {name[:100]!r}: expected one of {', '.join(CHANNEL_KINDS)}"
        ) from None


def masked_target(channel: Channel) -> str:
    """The target without its secrets."""
    transport = CHANNEL_KINDS.get(channel.kind)
    return MASK if transport is None or channel.unreadable else transport.masked(channel.target)
