from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

import pytest

from hcserver.net import socket_activation
from hcserver.net.socket_activation import address_of, inherited_sockets

_UNUSED_FD = 300  # numbers of descriptors from here on are free


def test_sockets_that_systemd_opened_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as http, socket.create_server(("127.0.0.1", 0)) as mail:
        # Two numbers next to each other, beyond those that are in use; inheritable, as systemd leaves them.
        copy = fcntl.fcntl(http.fileno(), fcntl.F_DUPFD, _UNUSED_FD)
        beside = fcntl.fcntl(mail.fileno(), fcntl.F_DUPFD, copy + 1)
        assert beside == copy + 1
        monkeypatch.setattr(socket_activation, "_FIRST_FD", copy)
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


@pytest.mark.parametrize(
    ("name", "kind"), [("hcserver-http.socket", "http"), ("https", "https"), ("hc-smtp.socket", "smtp")]
)
def test_a_socket_is_for_one_purpose(monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        copy = fcntl.fcntl(listening.fileno(), fcntl.F_DUPFD, _UNUSED_FD)
        monkeypatch.setattr(socket_activation, "_FIRST_FD", copy)
        environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": name}
        found = {each: inherited_sockets(environ, each) for each in ("smtp", "https", "http")}
        assert [each for each, sockets in found.items() if sockets] == [kind]
        found[kind][0].close()


def test_people_read_where_a_socket_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert address_of(listening) == f"127.0.0.1:{listening.getsockname()[1]}"
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "http"))
        assert address_of(local) == str(tmp_path / "http")
