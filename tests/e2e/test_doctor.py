"""`hcserver doctor` beside the real server, and after it was killed."""

from __future__ import annotations

import json
import smtplib
from pathlib import Path
from typing import Any

from tests.e2e.server import RealServer


def examined(server: RealServer, *options: str) -> list[dict[str, Any]]:
    """All findings of a run that must end without an error."""
    done = server.cli("doctor", "--json", *options, check=False, timeout=120)
    findings: list[dict[str, Any]] = json.loads(done.stdout)
    assert [one for one in findings if one["level"] == "error"] == []
    assert done.returncode == 0, done.stderr
    return findings


def test_a_server_has_no_errors_whether_it_runs_or_not(tmp_path: Path) -> None:
    server = RealServer(tmp_path).start()
    try:
        key = server.create_project("lab")["ping_key"]
        for path in ("nightly?create=1", "nightly/fail", "nightly/start", "nightly/0", "weekly?create=1"):
            server.request(f"/ping/{key}/{path}")
        with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=60) as client:
            client.sendmail(
                "nas@example.org", [f"{key}+nightly@hc.example.org"], b"Subject: done\r\n\r\nok\r\n"
            )
        texts = {one["text"] for one in examined(server)}
        assert f"http.port (127.0.0.1 {server.http_port}) is held by a running hcserver" in texts
        assert f"smtp.port (127.0.0.1 {server.smtp_port}) is held by a running hcserver" in texts
        assert "2 checks in step with their logs and flips" in texts
        server.request(f"/ping/{key}/nightly/fail")
        server.kill()
        examined(server, "--fix")
        texts = {one["text"] for one in examined(server)}
        assert f"http.port (127.0.0.1 {server.http_port}) is free" in texts
        assert "2 checks in step with their logs and flips" in texts
    finally:
        server.kill()
