"""docs/metrics.md and the dashboard name the metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mongomock_motor import AsyncMongoMockClient
from prometheus_client import CollectorRegistry

from hcserver.app import build_services, watch
from hcserver.config.schema import Settings
from hcserver.payloads.project_metrics import ProjectMetrics
from hcserver.services.metrics import CONNECTIONS

DOCS = Path(__file__).parents[1] / "docs"
_OF_THE_LIBRARY = ("process_", "python_")


def names(registry: CollectorRegistry) -> set[str]:
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in registry.collect()
        if not family.name.startswith(_OF_THE_LIBRARY)
    }


def metrics() -> set[str]:
    services = build_services(AsyncMongoMockClient()["metrics"], Settings())
    watch(services)
    services.metrics.watch(CONNECTIONS, "Open connections.", lambda: 0, "http")
    return names(services.metrics.registry) | names_of_project()


def names_of_project() -> set[str]:
    registry = CollectorRegistry()
    registry.register(ProjectMetrics([]))
    return names(registry)


def test_the_document_lists_every_metric_and_no_other() -> None:
    text = (DOCS / "metrics.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == metrics()


def test_the_dashboard_shows_only_metrics_that_there_are() -> None:
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    used = set(re.findall(r"\b(?:hc|hcserver)_\w+", " ".join(expressions)))
    assert len(used) > 10
    assert {name.removesuffix("_bucket") for name in used} <= metrics()
