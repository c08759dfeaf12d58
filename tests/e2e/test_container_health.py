"""The question that the image asks about its server's health."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.server import RealServer

DOCKERFILE = Path(__file__).parents[2] / "docs/deploy/Dockerfile"


def test_the_health_check_of_the_image_succeeds_as_long_as_the_server_is_well(server: RealServer) -> None:
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    (found,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)
    python, *arguments = json.loads(found)
    assert python == "python"

    def status(**environment: str) -> int:
        command = [sys.executable, *arguments]
        environ = {**server.environment, **environment}
        return subprocess.run(command, env=environ, capture_output=True, timeout=60).returncode

    assert status() == 0
    assert status(HCSERVER_HTTP_PORT="1") != 0  # nobody listens there
