from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry

from hcserver.domain.check import Check
from hcserver.domain.identifiers import unique_key
from hcserver.domain.status import ShownStatus
from hcserver.payloads.project_metrics import ProjectMetrics

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_check(**fields: Any) -> Check:
    return Check(id=uuid4(), project=uuid4(), badge=uuid4(), **fields)


def test_a_late_check_is_up_and_a_check_without_pings_has_no_times() -> None:
    late = make_check(name="late", tags="a", created=NOW, status="up", last_ping=NOW, timeout=60)
    new = make_check(name="new", tags="a b", created=NOW + timedelta(seconds=1))
    shown: list[tuple[object, ShownStatus]] = [(new, "new"), (late, "grace")]
    registry = CollectorRegistry()
    registry.register(ProjectMetrics(shown))  # type: ignore[arg-type]

    def value(metric: str, name: str) -> float | None:
        check = late if name == "late" else new
        labels = {"name": name, "tags": check.tags, "unique_key": unique_key(check.id)}
        return registry.get_sample_value(metric, labels)

    assert (value("hc_check_up", "late"), value("hc_check_grace", "late")) == (1, 1)
    assert (value("hc_check_up", "new"), value("hc_check_grace", "new")) == (1, 0)
    assert value("hc_check_last_ping_timestamp_seconds", "late") == NOW.timestamp()
    assert value("hc_check_next_ping_timestamp_seconds", "late") == NOW.timestamp() + 60
    assert value("hc_check_last_ping_timestamp_seconds", "new") is None
    assert value("hc_check_next_ping_timestamp_seconds", "new") is None
    assert registry.get_sample_value("hc_tag_up", {"tag": "b"}) == 1
    assert registry.get_sample_value("hc_checks_total") == 2
