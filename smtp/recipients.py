"""Recipients: which check an address names."""

from __future__ import annotations

import re
from collections.abc import Collection
from uuid import UUID

import msgspec

from hcserver.domain.uuids import parse_uuid

_KEY_AND_SLUG = re.compile(r"([a-z0-9_-]{1,100})\+([a-z0-9_-]{1,100})")

# A path in angle brackets; a quoted local part may have brackets in it (RFC 5321 section 4.1.2).
_PATH = re.compile(r'<((?:[^<>"]|"(?:[^"\\]|\\.)*")*)>')
_MAX_DOMAIN = 255  # characters; RFC 5321 section 4.5.3.1.2
_SHOWN_OF_KEY = 4  # characters
_LONGEST_NAME = 16  # characters of a local part that is shown as it is; ping keys and uuids are longer
_MAX_LOGGED = 320  # characters
_SOURCE_ROUTE = re.compile(r"@[^:]*:")


class Refused(Exception):
    """No mail is accepted for this address; `reply` is the answer to RCPT."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class ById(msgspec.Struct, frozen=True):
    """<uuid>@domain"""

    check: UUID


class BySlug(msgspec.Struct, frozen=True):
    """<ping key>+<slug>@domain"""

    ping_key: str
    slug: str


def parse_recipient(address: str, domains: Collection[str]) -> ById | BySlug:
    """The check that an address names, in any case. `domains` are those served, in the form of `domain_key`.

    Raises Refused.
    """
    local, _, domain = address.rpartition("@")
    if domain_key(domain) not in domains:
        raise Refused("550 5.1.1 Recipient rejected")
    local = local.lower()
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = local[1:-1]
    if check := parse_uuid(local):
        return ById(check)
    if match := _KEY_AND_SLUG.fullmatch(local):
        return BySlug(match[1], match[2])
    raise Refused("550 5.1.1 Invalid mailbox")


def domain_key(domain: str) -> str:
    """A domain name for comparison: in lower case, internationalised labels in their ASCII form (`xn--…`,
    RFC 3490), without the dot of the root.
    """
    domain = domain.lower().removesuffix(".")
    if domain.isascii() or len(domain) > _MAX_DOMAIN:
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def loggable(address: str) -> str:
    """An address without the ping key or the uuid that may be in it: logs are read by more people than those
    are for.
    """
    local, at, domain = address.rpartition("@")
    if not at:
        local, domain = address, ""
    key, plus, slug = local.partition("+")
    if plus or len(key) > _LONGEST_NAME:
        key = f"{key[:_SHOWN_OF_KEY]}…"
    return f"{key}{plus}{slug}{at}{domain}"[:_MAX_LOGGED]


def split_path(argument: str) -> tuple[str, str] | None:
    """The address in what follows `MAIL FROM:` or `RCPT TO:`, and the parameters behind it.

    The null path is "<>" (RFC 5321 section 4.5.5). A path without brackets is accepted. None if it is not
    clear where the address begins and ends.
    """
    argument = argument.strip()
    if not argument.startswith("<"):
        if "<" in argument or ">" in argument:  # a name in front of the address, say
            return None
        address, _, parameters = argument.partition(" ")
        return address, parameters.strip()
    match = _PATH.match(argument)
    if match is None:
        return None
    address = (
        _SOURCE_ROUTE.sub("", match[1].strip(), count=1) if match[1].startswith("@") else match[1].strip()
    )
    return address or "<>", argument[match.end() :].strip()
