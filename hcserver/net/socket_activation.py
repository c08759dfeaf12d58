"""Sockets that systemd opened for us, so that port 25 needs no privilege (sd_listen_fds(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

_FIRST_FD = 3


def inherited_sockets(environ: Mapping[str, str], name: str) -> list[socket.socket]:
    """The sockets meant for this process whose name (FileDescriptorName= or the unit's) contains `name`. They
    are not passed on to child processes.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = environ.get("LISTEN_FDS", "")
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    if not count.isdecimal() or int(count) != len(names):
        return []
    sockets = [socket.socket(fileno=_FIRST_FD + index) for index, own in enumerate(names) if name in own]
    for sock in sockets:
        sock.set_inheritable(False)
    return sockets
