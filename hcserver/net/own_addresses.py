"""The addresses of this machine's network interfaces.

Linux is asked through rtnetlink(7), which knows every address of every interface. On other systems the
addresses of the machine's own name have to do.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Numbers from linux/netlink.h, linux/rtnetlink.h and linux/if_addr.h.
_NETLINK_ROUTE = 0
_NEW_ADDRESS, _GET_ADDRESS = 20, 22
_ERROR, _DONE = 2, 3
_REQUEST_DUMP = 0x001 | 0x300
_IFA_ADDRESS, _IFA_LOCAL = 1, 2

_MESSAGE = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_INTERFACE = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, interface
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_BUFFER_BYTES = 65_536
_SECONDS = 1.0  # the kernel answers at once


def own_addresses() -> frozenset[Address]:
    """All addresses of all interfaces, those of loopback among them. Raises OSError."""
    if hasattr(socket, "AF_NETLINK"):
        return frozenset(_of_interfaces())
    return frozenset(_of_own_name())


def _of_interfaces() -> Iterator[Address]:
    request = _INTERFACE.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    header = _MESSAGE.pack(_MESSAGE.size + len(request), _GET_ADDRESS, _REQUEST_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_ROUTE) as kernel:
        kernel.settimeout(_SECONDS)
        kernel.send(header + request)
        while True:
            for kind, content in _messages(kernel.recv(_BUFFER_BYTES)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise OSError(errno.EIO, "the kernel does not list the addresses of this machine")
                if kind == _NEW_ADDRESS and (address := _address(content)) is not None:
                    yield address


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The types and contents of netlink messages, which begin at multiples of four bytes."""
    while len(data) >= _MESSAGE.size:
        length, kind, *_ = _MESSAGE.unpack_from(data)
        length = max(length, _MESSAGE.size)
        yield kind, data[_MESSAGE.size : length]
        data = data[(length + 3) & ~3 :]


def _address(content: bytes) -> Address | None:
    """The address that an interface has; on a point-to-point link IFA_ADDRESS is that of the other end."""
    attributes: dict[int, bytes] = {}
    rest = content[_INTERFACE.size :]
    while len(rest) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(rest)
        length = max(length, _ATTRIBUTE.size)
        attributes[kind] = rest[_ATTRIBUTE.size : length]
        rest = rest[(length + 3) & ~3 :]
    packed = attributes.get(_IFA_LOCAL, attributes.get(_IFA_ADDRESS, b""))
    return ipaddress.ip_address(packed) if len(packed) in (4, 16) else None


def _of_own_name() -> Iterator[Address]:
    for *_, address in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM):
        yield ipaddress.ip_address(str(address[0]))
