"""Run SecantusDB on a Unix socket instead of a TCP port, so that only the owner of the socket can connect.

A script, not a module: `python private_socket.py SOCKET ARGUMENTS…` runs `python -m secantus ARGUMENTS…` with
its listening socket replaced. SecantusDB itself listens on TCP only, where every user of the machine can
connect. If another SecantusDB opens its socket in another way, it ends with an error and opens no port.
"""

import runpy
import socket
import sys
from typing import Any

_NAME = ("unix", 0)  # SecantusDB expects a pair of host and port as an address


class _UnixSocket(socket.socket):
    """A socket that can listen on a Unix socket only."""

    def bind(self, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            raise OSError("this database must not listen on the network")
        super().bind(address)

    def accept(self) -> tuple[socket.socket, Any]:
        connection, _ = super().accept()
        return connection, _NAME

    def getsockname(self) -> Any:
        return _NAME


def _listen_on(path: str) -> None:
    found = [(socket.AF_UNIX, socket.SOCK_STREAM, 0, "", path)]
    setattr(socket, "getaddrinfo", lambda *_, **__: found)  # noqa: B010 - mypy refuses an assignment
    setattr(socket, "socket", _UnixSocket)  # noqa: B010


if __name__ == "__main__":
    _listen_on(sys.argv.pop(1))
    runpy.run_module("secantus", run_name="__main__", alter_sys=True)
