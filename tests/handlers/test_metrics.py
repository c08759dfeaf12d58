"""/metrics, and /projects/<id>/metrics/"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from handlers import metrics
from hcserver.domain.identifiers import unique_key
from tests.handlers.harness import METRICS_KEY, NOWHERE, Reply, Site


def values(reply: Reply, name: str) -> dict[Any, float]:
    """The samples with this name, by their labels."""
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in parse(reply.text)
        for sample in family.samples
        if sample.name == name
    }


async def server_metrics(site: Site) -> Reply:
    return await site.request("GET", "/metrics", {"Authorization": f"Bearer {METRICS_KEY}"})


async def project_metrics(site: Site, key: str) -> Reply:
    return await site.request("GET", f"/projects/{site.project.id}/metrics/{key}")


async def test_the_server_counts_its_pings_and_their_times(site: Site) -> None:
    check = await site.create()
    labels = (("transport", "http"), ("type", "success"))
    before = values(await server_metrics(site), "hcserver_pings_total").get(labels, 0)
    await site.ping(check["uuid"])
    reply = await server_metrics(site)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")
    assert values(reply, "hcserver_pings_total")[labels] == before + 1
    assert values(reply, "hcserver_ping_acknowledgement_seconds_count")[()] >= 1
    assert values(reply, "hcserver_ping_batch_size_sum")[()] >= 1
    assert "process_resident_memory_bytes" in reply.text


async def test_flips_are_counted_with_the_lag_of_the_scheduler(site: Site) -> None:
    check = await site.create(timeout=60, grace=60)
    await site.ping(check["uuid"])
    await site.settled()  # the scheduler finds it by its document
    before = values(await server_metrics(site), "hcserver_scheduler_lag_seconds_count")[()]
    site.clock.advance(130)
    await site.tick()
    await site.settled()
    reply = await server_metrics(site)
    # Other checks on the same server may have come due as well.
    assert values(reply, "hcserver_scheduler_lag_seconds_count")[()] > before
    assert values(reply, "hcserver_flips_total")[("to", "down"),] >= 1


async def test_openmetrics_is_sent_to_whoever_asks_for_it(site: Site) -> None:
    accept = "application/openmetrics-text;version=1.0.0"
    headers = {"X-Metrics-Key": METRICS_KEY, "Accept": accept}
    reply = await site.request("GET", "/metrics", headers)
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert list(parse_openmetrics(reply.text))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {METRICS_KEY}"}]
)
async def test_the_server_shows_nothing_without_the_key(site: Site, headers: dict[str, str]) -> None:
    reply = await site.request("GET", "/metrics", headers)
    assert (reply.status, reply.text) == (403, "wrong metrics key")


async def test_a_project_has_the_metrics_that_dashboards_know(site: Site) -> None:
    here = await site.beside()
    up = await here.create(name='a "b"\\', tags="db web")
    down = await here.create(name="night\nrun", tags="db")
    paused = await here.create(name="rest")
    await here.ping(up["uuid"], "/start")
    here.clock.advance(30)
    await here.ping(up["uuid"])
    await here.ping(up["uuid"], "/start")
    await here.ping(down["uuid"], "/fail")
    await here.api("POST", f"checks/{paused['uuid']}/pause")
    reply = await project_metrics(here, here.keys.api_key_readonly)
    assert reply.status == 200

    def by_name(metric: str) -> dict[str, float]:
        return {dict(labels)["name"]: value for labels, value in values(reply, metric).items()}

    names = (up["name"], down["name"], paused["name"])
    assert by_name("hc_check_up") == dict(zip(names, (1, 0, 1), strict=True))
    assert by_name("hc_check_started") == dict(zip(names, (1, 0, 0), strict=True))
    assert by_name("hc_check_grace") == dict.fromkeys(names, 0)
    assert by_name("hc_check_paused") == dict(zip(names, (0, 0, 1), strict=True))
    assert by_name("hc_check_last_duration_seconds") == {up["name"]: 30}
    now = here.clock().timestamp()
    assert by_name("hc_check_last_ping_timestamp_seconds") == {up["name"]: now, down["name"]: now}
    assert up["name"] in by_name("hc_check_next_ping_timestamp_seconds")
    assert down["name"] not in by_name("hc_check_next_ping_timestamp_seconds")
    assert values(reply, "hc_tag_up") == {(("tag", "db"),): 0, (("tag", "web"),): 1}
    assert values(reply, "hc_checks_total") == {(): 3}
    assert values(reply, "hc_checks_down_total") == {(): 1}
    labels = dict(next(iter(values(reply, "hc_check_up"))))
    assert labels["unique_key"] == unique_key(UUID(up["uuid"]))
    assert up["uuid"] not in reply.text
    await here.close()


async def test_the_key_of_a_project_may_come_as_a_bearer_token(site: Site) -> None:
    headers = {"Authorization": f"bearer {site.keys.api_key}"}
    reply = await site.request("GET", f"/projects/{site.project.id}/metrics/", headers)
    assert reply.status == 200
    assert values(reply, "hc_checks_total")


async def test_a_named_key_shows_its_project_and_no_other(site: Site) -> None:
    _, key = await site.services.api_keys.create(site.project, "Prometheus", "read-only")
    assert (await project_metrics(site, key)).status == 200
    other = await site.beside()
    assert (await project_metrics(other, key)).status == 403
    await other.close()
    await site.services.api_keys.revoke(site.project, "Prometheus")
    assert (await project_metrics(site, key)).status == 403


async def test_no_other_key_shows_a_project(site: Site) -> None:
    other = await site.beside()
    for key in (other.keys.api_key, site.keys.ping_key, METRICS_KEY, "%00", "x" * 1000):
        assert (await project_metrics(site, key)).status == 403
    assert (await site.request("GET", f"/projects/{site.project.id}/metrics/")).status == 403
    foreign = await site.request("GET", f"/projects/{NOWHERE}/metrics/{site.keys.api_key}")
    assert (foreign.status, foreign.text) == (403, "wrong api key")


async def test_metrics_are_made_one_at_a_time_beside_the_event_loop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    at_work = 0

    def collect(shown: list[Any]) -> CollectorRegistry:
        nonlocal at_work
        at_work += 1
        threads.append(at_work)
        time.sleep(0.01)
        at_work -= 1
        return CollectorRegistry()

    monkeypatch.setattr(metrics, "_registry_of", collect)
    connections = [await site.connect() for _ in range(4)]
    path = f"/projects/{site.project.id}/metrics/{site.keys.api_key_readonly}"
    replies = await asyncio.gather(*(connection.request("GET", path) for connection in connections))
    assert [reply.status for reply in replies] == [200] * 4
    assert threads == [1] * 4
