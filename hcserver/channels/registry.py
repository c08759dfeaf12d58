"""All kinds of channels, by name."""

from __future__ import annotations

from hcserver.channels.apprise import APPRISE_KINDS
from hcserver.channels.email import Email
from hcserver.channels.group import Group
from hcserver.channels.kind import Kind
from hcserver.channels.shell import Shell
from hcserver.channels.webhook import Webhook
from hcserver.errors import InvalidRequest

# A group has no way to send of its own: the caller sends to its members.
AnyKind = Kind | Group

_ALL: tuple[AnyKind, ...] = (Email(), Webhook(), Shell(), Group(), *APPRISE_KINDS)
KINDS = {one.name: one for one in _ALL}


def kind(name: str) -> AnyKind:
    """Raises InvalidRequest if there is no such kind."""
    try:
        return KINDS[name]
    except KeyError:
        raise InvalidRequest(
            f"unknown kind of channel {name[:100]!r}: expected one of {', '.join(KINDS)}"
        ) from None
