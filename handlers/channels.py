"""The API's channels."""

from __future__ import annotations

from handlers.api import Call, Endpoint, endpoint, json_response
from handlers.documents import channel_document
from handlers.http import Response


async def list_channels(call: Call) -> Response:
    """GET channels/"""
    channels = await call.core.projects.channels(call.project.id)
    return json_response({"channels": [channel_document(channel) for channel in channels]})


ENDPOINTS: list[Endpoint] = [endpoint(r"channels/", GET=("write", list_channels))]
