from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest

HCSERVER_RUN = [sys.executable, "-m", "hcserver", "run"]


class Ping(NamedTuple):
    method: str
    path: str
    body: bytes
    user_agent: str

    @property
    def signal(self) -> str:
        return self.path.partition("?")[0].rpartition("/")[2]


class PingServer:
    """Answers pings with the statuses in `answers`, then with 200; `headers` are those of every answer."""

    def __init__(self) -> None:
        self.pings: list[Ping] = []
        self.answers: list[int] = []
        self.headers = {"Ping-Body-Limit": "1000"}
        self.hold = threading.Event()  # answers wait for it, those of `held` or all
        self.held: str | None = None
        self.hold.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping/key/job"

    @property
    def signals(self) -> list[str]:
        return [ping.signal for ping in self.pings]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.pings.append(Ping(self.command, self.path, body, self.headers["User-Agent"]))
                if outer.held in (None, outer.pings[-1].signal):
                    outer.hold.wait(60)
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


@pytest.fixture
def ping_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PingServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = PingServer()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.hold.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def hcserver_run(url: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """`hcserver run` in a process of its own, and what it printed."""
    command = [*HCSERVER_RUN, "--url", url, "--retry-for", "0", *arguments]
    return subprocess.run(command, **{"capture_output": True, "timeout": 60, **options})


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
