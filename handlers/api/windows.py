"""The API's maintenance windows."""

from __future__ import annotations

from uuid import UUID

from handlers.api.base import UUID_PATTERN, Call, Endpoint, endpoint, json_response
from handlers.api.payloads import window_document
from handlers.ping.exchange import Response


async def list_windows(call: Call) -> Response:
    """GET windows/"""
    windows = await call.services.windows.of_project(call.project)
    return json_response({"windows": [window_document(window) for window in windows]})


async def create_window(call: Call) -> Response:
    """POST windows/"""
    return json_response(window_document(await call.services.windows.create(call.project, call.data)), 201)


async def get_window(call: Call) -> Response:
    """GET windows/<uuid>"""
    return json_response(window_document(await call.services.windows.get(call.project, _id(call))))


async def update_window(call: Call) -> Response:
    """POST windows/<uuid>"""
    window = await call.services.windows.update(call.project, _id(call), call.data)
    return json_response(window_document(window))


async def delete_window(call: Call) -> Response:
    """DELETE windows/<uuid>"""
    return json_response(window_document(await call.services.windows.delete(call.project, _id(call))))


def _id(call: Call) -> UUID:
    return UUID(call.arguments[0])


ENDPOINTS: list[Endpoint] = [
    endpoint(r"windows/", GET=("write", list_windows), POST=("write", create_window)),
    endpoint(
        rf"windows/{UUID_PATTERN}",
        GET=("write", get_window),
        POST=("write", update_window),
        DELETE=("write", delete_window),
    ),
]
