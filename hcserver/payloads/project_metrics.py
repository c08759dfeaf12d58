"""The checks of a project as metrics for Prometheus, under the names that existing dashboards know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hcserver.domain.check import Check
from hcserver.domain.identifiers import unique_key
from hcserver.domain.status import ShownStatus, grace_start

Shown = tuple[Check, ShownStatus]

_LABELS: Final = ("name", "tags", "unique_key")


class ProjectMetrics(Collector):
    """A check is up unless it is down: also when it is new, late or paused, as these dashboards expect."""

    def __init__(self, shown: Sequence[Shown]) -> None:
        self._shown = sorted(shown, key=lambda one: (one[0].created, one[0].id))
        self._labels = [(check.name, check.tags, unique_key(check.id)) for check, _ in self._shown]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield self._of_checks("hc_check_up", "1 unless the check is down.", _up)
        yield self._of_checks("hc_check_started", "1 while a run is under way.", _started)
        yield self._of_checks("hc_check_grace", "1 while the check is late, in its grace time.", _late)
        yield self._of_checks("hc_check_paused", "1 while the check is paused.", _paused)
        yield self._of_checks(
            "hc_check_last_duration_seconds", "Duration of the last run that had a start.", _duration
        )
        yield self._of_checks(
            "hc_check_last_ping_timestamp_seconds", "When the last success or failure came.", _last_ping
        )
        yield self._of_checks(
            "hc_check_next_ping_timestamp_seconds", "When the next one is expected.", _next_ping
        )
        yield self._of_tags()
        total = len(self._shown)
        down = sum(status == "down" for _, status in self._shown)
        yield GaugeMetricFamily("hc_checks_total", "Checks of the project.", value=total)
        yield GaugeMetricFamily("hc_checks_down_total", "Checks that are down.", value=down)

    def _of_checks(self, name: str, text: str, value: Callable[[Shown], float | None]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, text, labels=_LABELS)
        for labels, shown in zip(self._labels, self._shown, strict=True):
            number = value(shown)
            if number is not None:
                family.add_metric(labels, number)
        return family

    def _of_tags(self) -> GaugeMetricFamily:
        up: dict[str, bool] = {}
        for check, status in self._shown:
            for tag in check.tag_list():
                up[tag] = up.get(tag, True) and status != "down"
        family = GaugeMetricFamily("hc_tag_up", "1 unless a check with the tag is down.", labels=("tag",))
        for tag in sorted(up):
            family.add_metric((tag,), up[tag])
        return family


def _up(shown: Shown) -> float:
    return shown[1] != "down"


def _started(shown: Shown) -> float:
    return shown[0].last_start is not None


def _late(shown: Shown) -> float:
    return shown[1] == "grace"


def _paused(shown: Shown) -> float:
    return shown[1] == "paused"


def _duration(shown: Shown) -> float | None:
    return shown[0].last_duration


def _last_ping(shown: Shown) -> float | None:
    return _timestamp(shown[0].last_ping)


def _next_ping(shown: Shown) -> float | None:
    return None if shown[1] == "down" else _timestamp(grace_start(shown[0]))


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
