"""Live events from a real server, heard by the client that docs/api.md shows."""

from __future__ import annotations

import ast
import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

from tests.e2e.server import RealServer

DOCUMENT = Path(__file__).parents[2] / "docs/api.md"
PATIENCE = 60.0  # seconds


def documented_client(url: str, key: str) -> str:
    """The program in the document, for this server."""
    section = DOCUMENT.read_text("utf-8").partition("## Live events")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    program = found[1].replace("http://localhost:8000", url).replace("API_KEY", key)
    return program.replace("time.sleep(3)", "time.sleep(0.1)")


class Client:
    """The documented program, and what it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def hears(self, seconds: float) -> bool:
        """Whether it prints an event within this time."""
        with contextlib.suppress(Empty):
            return bool(self._lines.get(timeout=seconds))
        return False

    def until_ping(self, n: int) -> None:
        """Wait until it prints the check's ping of this number."""
        while True:
            name, _, document = self._lines.get(timeout=PATIENCE).partition(" ")
            if name == "ping" and ast.literal_eval(document)["n"] == n:
                return

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)


@contextlib.contextmanager
def listening(server: RealServer, key: str) -> Iterator[Client]:
    program = documented_client(server.url, key)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        yield Client(process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_client_hears_everything_over_a_restart(tmp_path: Path) -> None:
    server = RealServer(tmp_path).start()
    try:
        key = server.create_project("Heard")["api_key"]
        check = server.api("checks/", key, {"name": "Backup"})["uuid"]
        with listening(server, key) as client:
            assert server.request(f"/ping/{check}").status == 200
            while not client.hears(2.0):  # it may not listen yet
                assert server.request(f"/ping/{check}").status == 200
            assert server.request(f"/ping/{check}/log").status == 200
            last = server.api(f"checks/{check}", key)["n_pings"]
            client.until_ping(last)
            server.kill()
            server.start()
            assert server.request(f"/ping/{check}").status == 200
            client.until_ping(last + 1)
            assert server.stop() == 0  # a listener does not hold it up
    finally:
        server.stop()
