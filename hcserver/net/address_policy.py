"""Which addresses channels may reach: public ones but not this machine's own, and what the settings allow.

The address that is checked must be the one that is then connected to. Then neither a name that leads to a
private address, nor one that leads there only the second time (DNS rebinding), nor a redirect gets around it.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Collection
from time import monotonic

from hcserver.config.types import Network
from hcserver.errors import DeliveryError
from hcserver.net.own_addresses import Address, own_addresses

log = logging.getLogger(__name__)

# Not reachable by everybody, or not a single host: the IANA IPv4 Special-Purpose Address Registry (RFC 6890),
# multicast and the reserved class E. The last one is in neither: Azure's metadata and agent service.
_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
    )
)
# Only this range has been given out for global unicast (RFC 4291 section 2.4); IPv4-compatible addresses
# (::/96) lie outside. Exceptions inside: Teredo and other protocols, documentation, 6to4, documentation.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# RFC 6052: the way to IPv4 from a network that has only IPv6. The last 32 bits are the address that is meant.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_MAX_ADDRESSES = 8  # addresses of one name that are tried
_OWN_SECONDS = 10.0  # for so long this machine's addresses are not read again

# Names that lead to this machine whatever the DNS says (RFC 6761 section 6.3), and those of /etc/hosts.
_LOCALHOST = re.compile(r"(.+\.)?localhost\.?|localhost\.localdomain|ip6-(localhost|loopback)", re.IGNORECASE)
# Other ways to write an IPv4 address that the system understands: 127.1, 0x7f.0.0.1.
_OLD_IPV4 = re.compile(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){1,3}", re.IGNORECASE)

_REFUSAL = (
    "leads to a private or reserved address, or to this machine itself, which channels may not reach: "
    "see the setting notifications.allowed_networks"
)


class AddressPolicy:
    """Says which addresses may be reached. `allowed` networks may be, whatever else is true of them.

    `own` returns the addresses of this machine and may raise OSError.
    """

    def __init__(
        self, allowed: tuple[Network, ...], own: Callable[[], Collection[Address]] = own_addresses
    ) -> None:
        self._allowed = allowed
        self._read_own = own
        self._own: Collection[Address] = ()
        self._own_until = 0.0

    def check(self, address: str) -> None:
        """Raises DeliveryError (permanent) unless `address`, an IPv4 or IPv6 address, may be reached."""
        try:
            permitted = self._permits(ipaddress.ip_address(address))
        except ValueError:
            permitted = False
        if not permitted:
            raise DeliveryError(f"{address[:100]} {_REFUSAL}", transient=False)

    def check_host(self, host: str) -> None:
        """Raises DeliveryError if it is certain without a look-up that `host` may not be reached.

        That is the case for addresses, with or without brackets, and for localhost. Other names pass.
        """
        name = host.strip("[]")
        if _LOCALHOST.fullmatch(name):
            addresses = ["127.0.0.1", "::1"]
        elif (address := _written_out(name)) is not None:
            addresses = [address]
        else:
            return
        if not any(self._permits(ipaddress.ip_address(address)) for address in addresses):
            raise DeliveryError(f"{host[:100]} {_REFUSAL}", transient=False)

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of `host`, a name or an address, that may be reached. Blocks during the DNS look-up.

        Raises DeliveryError: transient if the look-up fails, permanent if no address may be reached.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise DeliveryError(
                f"{host}: {error.strerror or 'the name was not found'}", transient=True
            ) from error
        except ValueError as error:  # no label of a name is that long
            raise DeliveryError(f"{host}: this can't be the name of a host", transient=False) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        permitted = [address for address in addresses if self._permits(ipaddress.ip_address(address))]
        if not permitted:
            raise DeliveryError(f"{host} {_REFUSAL}", transient=False)
        return permitted[:_MAX_ADDRESSES]

    def _permits(self, address: Address) -> bool:
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._allowed):
            return True
        return self._is_public(address) and not self._is_own(address)

    def _is_public(self, address: Address) -> bool:
        if isinstance(address, ipaddress.IPv4Address):
            return not any(address in network for network in _REFUSED_V4)
        if address in _NAT64:
            return self._permits(ipaddress.IPv4Address(address.packed[-4:]))
        return address in _GLOBAL_V6 and not any(address in network for network in _REFUSED_V6)

    def _is_own(self, address: Address) -> bool:
        if monotonic() >= self._own_until:
            try:
                self._own = frozenset(self._read_own())
            except OSError as error:
                # The last known addresses hold. Refusing every address would lose alerts.
                log.warning("can't read the addresses of this machine: %s", error.strerror or error)
            self._own_until = monotonic() + _OWN_SECONDS
        return address in self._own


def _written_out(host: str) -> str | None:
    """The address that `host` is, in its usual form; None if `host` is a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not _OLD_IPV4.fullmatch(host):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None
