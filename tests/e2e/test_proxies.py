"""A real server behind real proxies, nginx and Caddy, with the configurations that the documentation has."""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import RealServer
from tests.ports import unused_port

DOCS = Path(__file__).parents[2] / "docs"
CLIENT = "127.0.0.9"  # from where requests come, in place of the proxy's own 127.0.0.1
LARGE = 3_000_000  # bytes, more than nginx takes unless it is told so
PATIENCE = 60.0  # seconds
NGINX = """
daemon off;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path client_body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:PORT;
        LOCATION
    }
}
"""
CADDY = """
{
    admin off
    skip_install_trust
    local_certs
    http_port PORT
    https_port HTTPS
}
"""


class Proxy:
    """A proxy on a port of this machine, which runs until `stop`."""

    def __init__(self, port: int, command: list[str], folder: Path) -> None:
        self.port = port
        with (folder / "proxy.log").open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={"HOME": str(folder), "HC_DOMAIN": "localhost", "PATH": "/usr/sbin:/usr/bin:/bin"},
            )
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                if self.request("GET", "/api/v3/status/").status < 500:
                    return
            assert self._process.poll() is None, (folder / "proxy.log").read_text()
            assert time.monotonic() < end, (folder / "proxy.log").read_text()
            time.sleep(0.05)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, PATIENCE, (CLIENT, 0))

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """The answer, read as a whole."""
        connection = self.connect()
        connection.request(method, path, body, {"Host": "localhost", **headers})
        answer = connection.getresponse()
        with contextlib.closing(connection):
            answer.read()
        return answer

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)


@pytest.fixture
def nginx(server: RealServer, tmp_path: Path) -> Iterator[Proxy]:
    """With the location that docs/operations.md has."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("no nginx")
    (location,) = re.findall(r"^```nginx\n(.*?)^```$", (DOCS / "operations.md").read_text(), re.M | re.S)
    assert "http://127.0.0.1:8000" in location
    port = unused_port()
    text = location.replace("http://127.0.0.1:8000", server.url)
    (tmp_path / "nginx.conf").write_text(NGINX.replace("PORT", str(port)).replace("LOCATION", text))
    proxy = Proxy(port, [program, "-p", str(tmp_path), "-c", "nginx.conf"], tmp_path)
    yield proxy
    proxy.stop()


@pytest.fixture
def caddy(server: RealServer, tmp_path: Path) -> Iterator[Proxy]:
    """With docs/deploy/Caddyfile, but for the ports and the certificate; the second server does not run."""
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("no Caddy")
    text = (DOCS / "deploy/Caddyfile").read_text()
    assert "hcserver1:8000 hcserver2:8000" in text
    for name, port in (("hcserver1:8000", server.http_port), ("hcserver2:8000", unused_port())):
        text = text.replace(name, f"127.0.0.1:{port}")
    port = unused_port()
    options = CADDY.replace("PORT", str(port)).replace("HTTPS", str(unused_port()))
    (tmp_path / "Caddyfile").write_text(options + text.replace("http://{$HC_DOMAIN}", "http://localhost"))
    proxy = Proxy(port, [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"], tmp_path)
    yield proxy
    proxy.stop()


def test_behind_nginx_a_ping_is_recorded_with_its_senders_address(
    server: RealServer, project: Any, nginx: Proxy
) -> None:
    uuid = server.api("checks/", project["api_key"], {"name": "behind nginx"})["uuid"]
    assert nginx.request("POST", f"/ping/{uuid}", b"x" * LARGE).status == 200
    (ping,) = server.api(f"checks/{uuid}/pings/", project["api_key"])["pings"]
    assert (ping["remote_addr"], ping["scheme"]) == (CLIENT, "http")


def test_behind_nginx_events_arrive_as_they_happen(server: RealServer, project: Any, nginx: Proxy) -> None:
    uuid = server.api("checks/", project["api_key"], {"name": "live"})["uuid"]
    connection = nginx.connect()
    connection.request("GET", "/api/v3/events", headers={"X-Api-Key": project["api_key"]})
    with contextlib.closing(connection), contextlib.closing(connection.getresponse()) as events:
        assert events.status == 200
        nginx.request("POST", f"/ping/{uuid}")
        while b"data: " not in (line := events.readline()):
            assert line
    assert uuid.encode() in line


def test_behind_caddy_no_ping_is_lost_while_one_server_is_away(
    server: RealServer, project: Any, caddy: Proxy
) -> None:
    uuid = server.api("checks/", project["api_key"], {"name": "behind Caddy"})["uuid"]
    assert [caddy.request("POST", f"/ping/{uuid}").status for _ in range(6)] == [200] * 6
    pings = server.api(f"checks/{uuid}/pings/", project["api_key"])["pings"]
    assert [(ping["remote_addr"], ping["scheme"]) for ping in pings] == [(CLIENT, "http")] * 6


def test_behind_caddy_people_are_led_to_https(caddy: Proxy) -> None:
    answer = caddy.request("GET", "/sign-in?next=/")
    assert (answer.status, answer.headers["Location"]) == (308, "https://localhost/sign-in?next=/")
