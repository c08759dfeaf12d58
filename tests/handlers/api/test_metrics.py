"""GET metrics/"""

from __future__ import annotations

from dataclasses import replace

import pytest

from hcserver.config.schema import MetricsSettings
from tests.handlers.harness import METRICS_KEY, Site


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_the_key_of_the_setting_shows_the_figures(site: Site, version: int) -> None:
    check = await site.create()
    before = (await site.request("GET", f"/api/v{version}/metrics/", {"X-Metrics-Key": METRICS_KEY})).json
    await site.ping(check["uuid"])
    reply = await site.request("GET", f"/api/v{version}/metrics/", {"X-Metrics-Key": METRICS_KEY})
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    figures = reply.json
    assert figures["ts"] == int(site.clock().timestamp())
    assert figures["max_ping_id"] == before["max_ping_id"] + 1
    assert set(figures) == {"ts", "max_ping_id", "max_notification_id", "num_unprocessed_flips"}


@pytest.mark.parametrize("headers", [{}, {"X-Metrics-Key": "wrong"}, {"X-Metrics-Key": ""}])
async def test_everybody_else_is_refused(site: Site, headers: dict[str, str]) -> None:
    reply = await site.request("GET", "/api/v3/metrics/", {"X-Api-Key": site.keys.api_key, **headers})
    assert (reply.status, reply.body) == (403, b"")
    assert reply.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/api/v3/metrics/", "/metrics"])
async def test_without_the_setting_no_key_is_right(
    site: Site, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    settings = replace(site.services.settings, metrics=MetricsSettings())
    monkeypatch.setattr(site.services, "settings", settings)
    for key in ("", METRICS_KEY):
        assert (await site.request("GET", path, {"X-Metrics-Key": key})).status == 403
