from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hcserver.embedded import private_socket
from hcserver.embedded.private_socket import _UnixSocket


def test_it_cannot_listen_on_the_network() -> None:
    with (
        _UnixSocket(socket.AF_INET, socket.SOCK_STREAM) as one,
        pytest.raises(OSError, match="must not listen on the network"),
    ):
        one.bind(("127.0.0.1", 0))


def test_connections_to_the_socket_are_accepted_from_a_pair_of_host_and_port(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with _UnixSocket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(path)
        listener.listen()
        client.connect(path)
        connection, address = listener.accept()
        with connection:
            client.sendall(b"x")
            assert connection.recv(1) == b"x"
    assert address == ("unix", 0)


def test_the_script_runs_the_server_on_the_socket_alone(tmp_path: Path) -> None:
    """A package takes the place of SecantusDB; it listens as SecantusDB does and prints where."""
    (tmp_path / "secantus").mkdir()
    (tmp_path / "secantus" / "__init__.py").touch()
    (tmp_path / "secantus" / "__main__.py").write_text(
        "import socket, sys\n"
        "family, kind, proto, _, address = socket.getaddrinfo('127.0.0.1', 7, flags=0)[0]\n"
        "s = socket.socket(family, kind, proto); s.bind(address)\n"
        "print(family.name, address, s.getsockname(), *sys.argv[1:])\n"
    )
    command = [sys.executable, private_socket.__file__, "db.sock", "--port", "7"]
    environment = {"PYTHONPATH": str(tmp_path)}
    found = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True, timeout=20)
    assert found == "AF_UNIX db.sock ('unix', 0) --port 7\n"
