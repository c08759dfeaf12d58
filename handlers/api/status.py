"""How the server itself is doing."""

from __future__ import annotations

from handlers.api.base import Call, Endpoint, endpoint, json_response
from handlers.ping.exchange import Response


async def get_status(call: Call) -> Response:
    """GET status/: `OK`, or 503 with what is ill: {"status": "ill", "problems": {part: text}}."""
    problems = await call.services.health.problems()
    if problems:
        return json_response({"status": "ill", "problems": problems}, 503)
    return Response(200, b"OK", {"Content-Type": "text/plain; charset=utf-8"})


ENDPOINTS: list[Endpoint] = [endpoint(r"status/", GET=("open", get_status))]
