from __future__ import annotations

import os
import socket

import pytest

from hcserver.net import socket_activation
from hcserver.net.socket_activation import inherited_sockets


def test_sockets_that_systemd_opened_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as http, socket.create_server(("127.0.0.1", 0)) as mail:
        copy = os.dup(http.fileno())
        os.set_inheritable(copy, True)  # as systemd leaves them
        os.dup2(mail.fileno(), beside := os.dup(copy), inheritable=True)
        monkeypatch.setattr(socket_activation, "_FIRST_FD", copy)
        if beside != copy + 1:
            pytest.skip("the two descriptors are not next to each other")
        environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:hc-smtp.socket"}
        (found,) = inherited_sockets(environ, "smtp")
        assert found.getsockname() == mail.getsockname()
        assert not found.get_inheritable()
        found.close()
        os.close(copy)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x", "LISTEN_FDNAMES": "smtp"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "smtp"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"},
    ],
)
def test_sockets_meant_for_others_are_left_alone(environ: dict[str, str]) -> None:
    assert inherited_sockets(environ, "smtp") == []
