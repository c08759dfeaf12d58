"""The metrics of the real server, as Prometheus reads them."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.e2e.server import RealServer

DOCUMENT = Path(__file__).parents[2] / "docs/metrics.md"
KEY = "the-key-for-prometheus"


def samples(server: RealServer) -> dict[str, float]:
    """What is measured, each with its labels as Prometheus writes them."""
    reply = server.request("/metrics", Authorization=f"Bearer {KEY}")
    assert reply.status == 200
    return {
        sample.name + "".join(f"|{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in parse(reply.text)
        for sample in family.samples
    }


def test_pings_mails_and_the_database_are_measured(tmp_path: Path) -> None:
    server = RealServer(tmp_path, HCSERVER_METRICS_KEY=KEY).start()
    try:
        key = server.create_project("measured")["ping_key"]
        server.request(f"/ping/{key}/nightly?create=1")
        with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=60) as client:
            client.sendmail(
                "nas@example.org", [f"{key}+nightly@hc.example.org"], b"Subject: done\r\n\r\nok\r\n"
            )
        found = samples(server)
        assert found["hcserver_pings_total|http|success"] == 1
        assert found["hcserver_pings_total|email|success"] == 1
        assert found["hcserver_ping_acknowledgement_seconds_count"] == 2
        assert found["hcserver_smtp_sessions_total"] == 1
        assert found["hcserver_smtp_replies_total|354"] == 1
        assert found["hcserver_database_seconds_count|insert"] >= 2
        assert found["hcserver_connections|http"] == 1
        assert found["hcserver_pings_waiting"] == 0
        assert found["hcserver_connections|smtp"] in {0, 1}
        assert found["hcserver_event_loop_lag_seconds_count"] >= 0
        assert found["process_open_fds"] > 0
    finally:
        server.stop()


def test_prometheus_can_scrape_as_documented(tmp_path: Path) -> None:
    text = DOCUMENT.read_text("utf-8")
    project_job, server_job = (
        yaml.safe_load(found)["scrape_configs"][0]
        for found in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    )
    server = RealServer(tmp_path, HCSERVER_METRICS_KEY=server_job["authorization"]["credentials"]).start()
    try:
        project = server.create_project("scraped")
        server.request(f"/ping/{project['ping_key']}/nightly?create=1")
        path = re.sub(r"[0-9a-f-]{36}", project["id"], project_job["metrics_path"])
        for where, key, name in (
            (path, project["api_key_readonly"], "hc_check_up"),
            ("/metrics", server_job["authorization"]["credentials"], "hcserver_pings_total"),
        ):
            reply = server.request(where, Authorization=f"Bearer {key}")
            assert reply.status == 200
            assert name in reply.text
            assert server.request(where, Authorization="Bearer another").status == 403
        assert server_job.get("metrics_path", "/metrics") == "/metrics"
    finally:
        server.stop()
