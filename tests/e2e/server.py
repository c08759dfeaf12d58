"""A real server, started as a user would, on a data folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.ports import unused_port


class Answer:
    """What came back over HTTP."""

    def __init__(self, status: int, body: bytes, headers: Any) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Answers that lead elsewhere are answers like others."""

    def redirect_request(self, *arguments: Any) -> None:
        return None


class RealServer:
    """`hcserver serve` on free ports; its output goes to the file `output`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.http_port, self.smtp_port = unused_port(), unused_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HCSERVER_")},
            "HCSERVER_HTTP_HOST": "127.0.0.1",
            "HCSERVER_HTTP_PORT": str(self.http_port),
            "HCSERVER_SMTP_HOST": "127.0.0.1",
            "HCSERVER_SMTP_PORT": str(self.smtp_port),
            "HCSERVER_SMTP_DOMAIN": "hc.example.org",
            "HCSERVER_EMBEDDED_PATH": str(folder / "data"),
            **environment,
        }
        self.output = folder / "output"
        self.command = COMMAND
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, max_files: int | None = None) -> RealServer:
        """Start it, with so many open files at most, and wait until it is ready."""
        self.launch(max_files)
        self.wait_until_ready()
        return self

    def launch(
        self, max_files: int | None = None, prefix: Sequence[str] = (), pass_fds: Sequence[int] = ()
    ) -> None:
        """Start it without waiting for anything; by the command `prefix`, with these open files."""
        command = [*prefix, *self.command, "serve"]
        if max_files is not None:
            command = ["sh", "-c", f'ulimit -n {max_files}; exec "$0" "$@"', *command]
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=self.folder,
                stdout=output,
                stderr=output,
                pass_fds=pass_fds,
            )

    def wait_until_ready(self, patience: float = 60.0) -> None:
        """Wait until its status is good, for so many seconds at most."""
        assert self._process is not None
        end = time.monotonic() + patience
        while time.monotonic() < end:
            assert self._process.poll() is None, self.output.read_text()
            try:
                if self.request("/api/v3/status/").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(self.output.read_text())

    def stop(self) -> int:
        """Stop it as init would; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def kill(self) -> None:
        """kill -9, the server and all its children at once."""
        assert self._process is not None
        for pid in [self._process.pid, *descendants(self._process.pid)]:
            with contextlib.suppress(ProcessLookupError):  # the database ends by itself when the server does
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def cli(
        self, *arguments: str, check: bool = True, stdin: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """An hcserver command with the same settings."""
        return subprocess.run(
            [*self.command, *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=check,
            input=stdin,
            timeout=timeout,
        )

    def create_project(self, name: str) -> Any:
        return json.loads(self.cli("project", "create", name, "--json").stdout)

    def request(
        self,
        path: str,
        method: str | None = None,
        body: bytes | None = None,
        key: str | None = None,
        follow: bool = True,
        **headers: str,
    ) -> Answer:
        """Send a request; the answer, that of the address that it leads to if `follow`."""
        if key is not None:
            headers["X-Api-Key"] = key
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        try:
            opener = urllib.request.build_opener(*([] if follow else [NoRedirects]))
            with opener.open(request, timeout=20) as response:
                return Answer(response.status, response.read(), response.headers)
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), error.headers)

    def api(self, path: str, key: str, data: Any = None) -> Any:
        """A call of API v3 that must succeed."""
        body = None if data is None else json.dumps(data).encode()
        answer = self.request(f"/api/v3/{path}", body=body, key=key)
        assert answer.status in (200, 201), (path, answer.status, answer.body)
        return answer.json()


COMMAND = [sys.executable, "-m", "hcserver"]


def descendants(pid: int) -> list[int]:
    """All processes below one, by /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found, looked_at = [], [pid]
    while looked_at:
        parent = looked_at.pop()
        children = [child for child, above in parents.items() if above == parent]
        found += children
        looked_at += children
    return found
