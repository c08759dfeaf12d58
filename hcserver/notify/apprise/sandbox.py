"""What a process that runs Apprise may do, held by an audit hook: reach permitted addresses, and little else.

Apprise's URLs come from users of the API, its plugins have options that read files, and some act on the
machine itself. An audit hook (PEP 578) sees what Python is about to do, the address of a connection
included, whatever name or redirect led there, and can't be taken away again.
"""

from __future__ import annotations

import mimetypes
import os
import socket
import sys
import sysconfig
import zoneinfo

from hcserver.errors import DeliveryError
from hcserver.net.address_policy import AddressPolicy

_REFUSED = frozenset(
    {
        *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"),
        *("subprocess.Popen", "socket.bind"),
        *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
        *("os.chmod", "os.chown", "os.setxattr"),
    }
)
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKING_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Seen:
    """What was noticed since it was last forgotten."""

    def __init__(self) -> None:
        self.network = False  # something was looked up, sent or connected to, or would have been
        self.refusals: list[str] = []

    def forget(self) -> None:
        self.__init__()  # type: ignore[misc]


seen = Seen()


def confine(policy: AddressPolicy) -> None:
    """From now on and for good. Whatever is refused raises PermissionError, as from the system itself."""
    mimetypes.init(files=())  # else it reads what the machine has, when it is first asked
    readable = _readable()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in _CONNECTING:
            seen.network = True
            _check_address(policy, arguments)
        elif event in _LOOKING_UP:
            seen.network = True
        elif event == "open":
            _check_file(readable, arguments)
        elif event in _REFUSED:
            _refuse(f"{event} is not allowed")

    sys.addaudithook(hook)


def _check_address(policy: AddressPolicy, arguments: tuple[object, ...]) -> None:
    connection, address = arguments[0], arguments[1]
    if address is None:  # on a connection that has been checked when it was made
        return
    if not isinstance(connection, socket.socket) or connection.family not in (
        socket.AF_INET,
        socket.AF_INET6,
    ):
        _refuse("only internet addresses are allowed")
    host = address[0] if isinstance(address, tuple) and address else ""
    try:
        # A name would be looked up behind our back: the guard takes addresses only.
        policy.check(str(host))
    except DeliveryError as error:
        _refuse(str(error))


def _check_file(readable: tuple[str, ...], arguments: tuple[object, ...]) -> None:
    path, mode, flags = arguments
    if isinstance(path, int):
        return
    writing = (isinstance(flags, int) and flags & _WRITING) or (isinstance(mode, str) and {*mode} & {*"wax+"})
    name = os.path.realpath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""
    if writing or not name.startswith(readable):
        _refuse("files are not read or written")


def _refuse(reason: str) -> None:
    seen.refusals.append(reason)
    raise PermissionError(reason)


def _readable() -> tuple[str, ...]:
    """Where Python's own modules and data are: some are loaded when they are first needed."""
    paths = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), *zoneinfo.TZPATH]
    paths += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    return tuple({os.path.realpath(path) + os.sep for path in paths})
