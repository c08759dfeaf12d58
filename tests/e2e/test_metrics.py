"""The metrics of the real server, as Prometheus reads them."""

from __future__ import annotations

import smtplib
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families as parse

from tests.e2e.server import RealServer

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
