"""HTTPS of a real server, and certificates that are renewed while it runs."""

from __future__ import annotations

import http.client
import os
import signal
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from tests.certificates import make_certificate
from tests.e2e.server import RealServer
from tests.ports import unused_port

PATIENCE = 60.0  # seconds


class Https:
    """A connection that is kept, to a server whose certificate the client knows."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        # The address has no certificate; the name has.
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._connection = http.client.HTTPConnection("name.test")
        self._connection.sock = context.wrap_socket(plain, server_hostname="name.test")

    def get(self, path: str) -> tuple[int, str]:
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()

    def close(self) -> None:
        self._connection.close()


def until_logged(server: RealServer, text: str, times: int) -> None:
    end = time.monotonic() + PATIENCE
    while server.output.read_text().count(text) < times:
        assert time.monotonic() < end, server.output.read_text()
        time.sleep(0.02)


def test_a_certificate_is_renewed_without_a_connection_being_lost(
    make_server: Callable[..., RealServer], tmp_path: Path
) -> None:
    certificate, key = make_certificate(tmp_path)
    port = unused_port()
    tls = {"TLS_CERT": str(certificate), "TLS_KEY": str(key)}
    variables = {f"HCSERVER_{section}_{name}": tls[name] for section in ("HTTP", "SMTP") for name in tls}
    server = make_server(**variables, HCSERVER_HTTP_TLS_PORT=str(port)).start()
    project = server.create_project("tests")
    ping_key, api_key = project["ping_key"], project["api_key"]

    before = Https(port, ssl.create_default_context(cafile=certificate))
    assert before.get(f"/ping/{ping_key}/job?create=1") == (201, "Created")
    (check,) = server.api("checks/", api_key)["checks"]
    (ping,) = server.api(f"checks/{check['uuid']}/pings/", api_key)["pings"]
    assert ping["scheme"] == "https"

    make_certificate(tmp_path)
    os.kill(server.pid, signal.SIGHUP)
    until_logged(server, "read the TLS certificate", 2)  # for HTTP and for SMTP
    renewed = ssl.create_default_context(cafile=certificate)

    key.write_text("half a key")
    os.kill(server.pid, signal.SIGHUP)
    until_logged(server, "can't use the new TLS certificate", 2)
    after = Https(port, renewed)
    assert after.get(f"/ping/{ping_key}/job") == (200, "OK")
    assert before.get(f"/ping/{ping_key}/job") == (200, "OK")
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=PATIENCE) as smtp:
        smtp._host = "name.test"  # type: ignore[attr-defined]  # the name that the certificate is checked for
        assert smtp.starttls(context=renewed)[0] == 220
        assert smtp.noop()[0] == 250
    for connection in (before, after):
        connection.close()
    assert server.stop() == 0
    assert "Traceback" not in server.output.read_text()
