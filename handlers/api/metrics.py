"""The few figures of the server that established monitors ask for."""

from __future__ import annotations

from handlers.api.base import ApiHandler, Routes, requires, route
from handlers.api.operation import describes
from handlers.api.schemas import ref
from handlers.metrics import is_metrics_key
from hcserver.errors import Forbidden
from hcserver.services.metrics import total


class MetricsHandler(ApiHandler):
    """metrics/, with the key of the setting metrics.key in the header X-Metrics-Key."""

    @requires("open")
    @describes(
        "Read figures of the server",
        {200: ref("Metrics"), 403: None},
        more="The header `X-Metrics-Key` has the key of the setting `metrics.key`; without such a setting "
        "the answer is 403. The figures count since the start of the process. `/metrics` has more.",
    )
    async def get(self) -> None:
        services = self.services
        if not is_metrics_key(services.settings.metrics.key, self.request.headers.get("X-Metrics-Key", "")):
            raise Forbidden("")
        self.write_json(
            {
                "ts": int(services.clock().timestamp()),
                "max_ping_id": total(services.metrics.pings),
                "max_notification_id": total(services.metrics.notifications),
                "num_unprocessed_flips": services.state_writer.unwritten.urgent_number,
            }
        )


ROUTES: Routes = [(route(r"metrics/"), MetricsHandler)]
