"""Sockets that systemd opened for us, so that ports below 1024 need no privilege (sd_listen_fds(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Literal

_FIRST_FD = 3
# What a socket is for; it is the first of these words that its name contains.
_KINDS = ("smtp", "https", "http")


def inherited_sockets(
    environ: Mapping[str, str], kind: Literal["smtp", "https", "http"]
) -> list[socket.socket]:
    """The sockets meant for this process whose name (FileDescriptorName= or the unit's) says that they are
    for `kind`. They are not passed on to child processes.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = environ.get("LISTEN_FDS", "")
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    if not count.isdecimal() or int(count) != len(names):
        return []
    sockets = [
        socket.socket(fileno=_FIRST_FD + index) for index, name in enumerate(names) if _kind(name) == kind
    ]
    for sock in sockets:
        sock.set_inheritable(False)
    return sockets


def address_of(listening: socket.socket) -> str:
    """Where a socket listens, for people: host:port, or the path of a UNIX socket."""
    name = listening.getsockname()
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)


def _kind(name: str) -> str:
    return next((kind for kind in _KINDS if kind in name), "")
