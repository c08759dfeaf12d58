"""The API's channels: where people are told."""

from __future__ import annotations

from uuid import UUID

from handlers.api.base import UUID_PATTERN, Call, Endpoint, endpoint, json_response
from handlers.api.checks import limit_asked
from handlers.api.payloads import channel_document, full_channel_document, notification_document
from handlers.ping.exchange import Response
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.errors import Forbidden, NotFound
from hcserver.validation import json_fields
from hcserver.validation.channel import parse_channel

DEFAULT_PAGE = 100  # notifications
_MARGIN = 5.0  # seconds for what a test needs beside sending
_DELETE_PATIENCE = 60.0  # seconds: a channel may be assigned to thousands of checks


async def list_channels(call: Call) -> Response:
    """GET channels/"""
    channels = await call.services.channels.of_project(call.project.id)
    return json_response({"channels": [channel_document(channel) for channel in channels]})


async def create_channel(call: Call) -> Response:
    """POST channels/"""
    channel = await call.services.channels.create(call.project, parse_channel(call.data))
    return json_response(full_channel_document(channel, call.writable), 201)


async def get_channel(call: Call) -> Response:
    """GET channels/<uuid>"""
    return json_response(full_channel_document(await _find(call), call.writable))


async def update_channel(call: Call) -> Response:
    """POST channels/<uuid>"""
    # Whether it is there and whose it is comes before what is wrong with the request.
    channel = await _find(call)
    spec = parse_channel(call.data)
    channel = await call.services.channels.update(call.project, channel.id, spec)
    return json_response(full_channel_document(channel, call.writable))


async def delete_channel(call: Call) -> Response:
    """DELETE channels/<uuid>"""
    channel = await _find(call)
    call.request.allow(_DELETE_PATIENCE)
    channel = await call.services.channels.delete(call.project, channel.id)
    return json_response(full_channel_document(channel, call.writable))


async def test_channel(call: Call) -> Response:
    """POST channels/<uuid>/test: about the check that `check` names, else about one that does not exist."""
    channel, check = await _find(call), await _check_asked_for(call)
    call.request.allow(call.services.settings.notifications.timeout + _MARGIN)
    attempt = await call.services.channels.test(channel, check)
    return json_response(
        {
            "ok": attempt.error is None,
            "status": attempt.status,
            "error": attempt.error,
            "duration": attempt.duration,
        }
    )


async def list_notifications(call: Call) -> Response:
    """GET channels/<uuid>/notifications/"""
    channel = await _find(call)
    limit = limit_asked(call.query()) or DEFAULT_PAGE
    notifications = await call.services.channels.notifications(channel, limit)
    return json_response({"notifications": [notification_document(one) for one in notifications]})


async def _find(call: Call) -> Channel:
    return await call.services.channels.get(call.project, UUID(call.arguments[0]))


async def _check_asked_for(call: Call) -> Check | None:
    asked = json_fields.parse(call.data, {"check": json_fields.uuid})
    if not asked:
        return None
    try:
        return await call.services.checks.get(call.project, asked["check"])
    except (NotFound, Forbidden) as error:
        raise json_fields.fault("check is no check of the project") from error


ENDPOINTS: list[Endpoint] = [
    endpoint(r"channels/", GET=("write", list_channels), POST=("write", create_channel)),
    endpoint(
        rf"channels/{UUID_PATTERN}",
        GET=("read", get_channel),
        POST=("write", update_channel),
        DELETE=("write", delete_channel),
    ),
    endpoint(rf"channels/{UUID_PATTERN}/test", POST=("write", test_channel)),
    endpoint(rf"channels/{UUID_PATTERN}/notifications/", GET=("write", list_notifications)),
]
