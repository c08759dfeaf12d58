"""README.md as something to run: its commands, and other examples."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.e2e.server import RealServer

README = Path(__file__).parents[2] / "README.md"


def section(title: str) -> str:
    """What stands under a heading, up to the next one of the same or a higher level."""
    text = README.read_text("utf-8")
    heading = re.search(rf"^(#+) {re.escape(title)}\n", text, re.MULTILINE)
    assert heading, f"README.md has no section {title!r}"
    rest = text[heading.end() :]
    end = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def commands(text: str) -> list[str]:
    """The commands of its shell blocks, one each; what continues on a next line is joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip()]


class Shell:
    """Runs commands as they are printed, beside a server, in a folder with .venv/bin/hcserver."""

    def __init__(self, server: RealServer) -> None:
        self._server = server
        script = server.folder / ".venv" / "bin" / "hcserver"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m hcserver "$@"\n')
        script.chmod(0o755)

    def __call__(self, command: str, **environment: str) -> str:
        """What it prints; it must succeed."""
        words = shlex.split(command, comments=True)
        if words[0] == "curl" and shutil.which("curl") is None:
            return _like_curl(words)
        done = subprocess.run(
            ["sh", "-ec", command],
            env={**self._server.environment, **environment},
            cwd=self._server.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout


def _like_curl(words: list[str]) -> str:
    """What the documented curl commands do, for machines without curl."""
    (url,) = [word for word in words if word.startswith("http")]
    given = list(itertools.pairwise(words))
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    data = [value.encode() for option, value in given if option == "-d"]
    request = urllib.request.Request(url, data=data[0] if data else None, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        text: str = response.read().decode()
        return text
