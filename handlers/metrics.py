"""Metrics for Prometheus: of the server at /metrics, of a project at /projects/<id>/metrics/."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from handlers.api.base import UUID as UUID_PATTERN
from handlers.base import NOT_CACHED, TEXT, BaseHandler
from hcserver.errors import Forbidden, Unauthorized, Unavailable
from hcserver.payloads.project_metrics import ProjectMetrics, Shown

_SCHEME = "bearer "
# The library makes a page in one go, in some 0.2 s for 1000 checks. Pages are made one at a time, but none
# whose client has given up before its turn.
_ENCODER = ThreadPoolExecutor(1, "metrics")


class MetricsHandler(BaseHandler):
    """The base: a key as a bearer token or in a header, and an answer in the format that was asked for."""

    @property
    def body_limit(self) -> int:
        return 0

    def bearer(self) -> str:
        """The token in the header Authorization; empty if there is none."""
        value = self.request.headers.get("Authorization", "")
        return value[len(_SCHEME) :].strip() if value.lower().startswith(_SCHEME) else ""

    async def write_metrics(self, collect: Callable[[], CollectorRegistry]) -> None:
        """Answer with what `collect` returns, which is called in a thread."""
        encode, content_type = choose_encoder(self.request.headers.get("Accept", ""))
        loop = asyncio.get_running_loop()
        page = await loop.run_in_executor(_ENCODER, lambda: encode(collect()))
        self.set_header("Content-Type", content_type)
        self.set_header("Cache-Control", NOT_CACHED)
        self.write(page)

    def finish_error(self, status_code: int, error: BaseException | None) -> None:
        self.set_header("Content-Type", TEXT)
        self.write(self.error_text(error))
        self.finish()


def is_metrics_key(configured: str, given: str) -> bool:
    """Whether somebody may read the metrics of the server; without a configured key nobody may."""
    return bool(configured) and hmac.compare_digest(configured.encode(), given.encode())


class ServerMetricsHandler(MetricsHandler):
    """Also while the server starts."""

    async def get(self) -> None:
        key = self.bearer() or self.request.headers.get("X-Metrics-Key", "")
        if not is_metrics_key(self.services.settings.metrics.key, key):
            raise Forbidden("wrong metrics key")
        await self.write_metrics(lambda: self.services.metrics.registry)


class ProjectMetricsHandler(MetricsHandler):
    """For a key of the project, which may be a read-only one."""

    async def get(self, project_id: str, key: str = "") -> None:
        services = self.services
        if not services.ready:
            raise Unavailable("the server is starting, try again")
        try:
            project, _ = await services.lookup.authenticate(key or self.bearer(), "read")
        except Unauthorized as error:
            raise Forbidden(str(error)) from None
        if project.id != UUID(project_id):
            raise Forbidden("wrong api key")
        shown = await services.project_reader.shown(project.id)
        await self.write_metrics(lambda: _registry_of(shown))


def _registry_of(shown: Sequence[Shown]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(ProjectMetrics(shown))
    return registry


ROUTES = [
    (r"/metrics", ServerMetricsHandler),
    (rf"/projects/{UUID_PATTERN}/metrics/([^/]*)", ProjectMetricsHandler),
]
