from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

ATTEMPTS = """
import ipaddress, json, os, socket, subprocess, sys
from hcserver.notify.apprise.sandbox import confine, seen
from hcserver.net.address_policy import AddressPolicy
from hcserver.net.own_addresses import own_addresses

folder, port = sys.argv[1], int(sys.argv[2])
kept = os.path.join(folder, "kept")
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
confine(AddressPolicy((ipaddress.ip_network("127.0.0.1"),)))
os.stat(kept)
attempts = {
    "read": lambda: open(kept).read(),
    "read around a corner": lambda: open(os.path.dirname(os.__file__) + "/.." * 20 + kept).read(),
    "read by a link": lambda: open(os.path.join(folder, "link")).read(),
    "read with os.open": lambda: os.open(kept, os.O_RDONLY),
    "write": lambda: open(os.path.join(folder, "new"), "w"),
    "write beside Python's modules": lambda: open(os.__file__ + ".new", "x"),
    "remove": lambda: os.remove(kept),
    "run": lambda: subprocess.run(["true"]),
    "shell": lambda: os.system("true"),
    "fork": lambda: os.fork(),
    "listen": lambda: socket.socket().bind(("127.0.0.1", 0)),
    "a private address": lambda: socket.create_connection(("10.0.0.1", 9), 0.01),
    "loopback of another number": lambda: socket.create_connection(("127.0.0.2", port), 1),
    "a name, looked up behind": lambda: socket.socket().connect(("localhost", port)),
    "a datagram": lambda: udp.sendto(b"x", ("10.0.0.1", 9)),
    "a socket on disk": lambda: socket.socket(socket.AF_UNIX).connect("/run/x"),
    "allowed: loopback": lambda: socket.create_connection(("127.0.0.1", port), 1).close(),
    "allowed: by name": lambda: socket.create_connection(("localhost", port), 1).close(),
    "allowed: to know our own addresses": lambda: own_addresses(),
    "allowed: import": lambda: __import__("wave"),
}
outcomes = {}
for name, attempt in attempts.items():
    seen.forget()
    try:
        attempt()
    except PermissionError as error:
        outcomes[name] = "refused" if seen.refusals == [str(error)] else repr(seen.refusals)
    except OSError as error:
        outcomes[name] = repr(error)
    else:
        outcomes[name] = "done"
print(json.dumps(outcomes))
"""


def test_a_confined_process_reaches_permitted_addresses_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-P", "-c", ATTEMPTS, str(tmp_path), str(server.getsockname()[1])]
        outcomes = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    assert len(outcomes) == 20
    wrong = {
        name: result
        for name, result in outcomes.items()
        if result != ("done" if name.startswith("allowed") else "refused")
    }
    assert wrong == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "link"]
