"""The API's channels: where notifications are sent."""

from __future__ import annotations

from typing import Final
from uuid import UUID as Uuid

from handlers.api.base import UUID, ApiHandler, Routes, requires, route
from handlers.api.operation import describes
from handlers.api.payloads import channel_payload, full_channel_payload
from handlers.api.schemas import listed, ref
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.errors import Forbidden, NotFound
from hcserver.notify.registry import kind_documents
from hcserver.validation import json_fields
from hcserver.validation.channel import SCHEMA, parse_channel

_TEST_MARGIN = 5.0  # seconds for what a test needs beside sending
_TEST_FIELDS: Final[dict[str, json_fields.Reader]] = {"check": json_fields.uuid}
_DELETE_DEADLINE = 60.0  # seconds: a channel may be assigned to thousands of checks


class ChannelApiHandler(ApiHandler):
    """Finds channels, and shows them as the key may see them."""

    async def find_channel(self, channel_id: str) -> Channel:
        """Raises NotFound, Forbidden."""
        return await self.services.channels.get(self.project, Uuid(channel_id))

    def write_channel(self, channel: Channel, status: int = 200) -> None:
        self.write_json(full_channel_payload(channel, self.writable), status)


class ChannelsHandler(ChannelApiHandler):
    """channels/"""

    @requires("write")
    @describes("List channels", {200: listed("channels", "ChannelName")})
    async def get(self) -> None:
        channels = await self.services.channels.of_project(self.project.id)
        self.write_json({"channels": [channel_payload(channel) for channel in channels]})

    @requires("write")
    @describes(
        "Create a channel",
        {201: ref("Channel"), 403: ref("Error")},
        body={**SCHEMA, "required": ["kind"]},
        more="`target`, or `fields` with its parts, is needed.",
    )
    async def post(self) -> None:
        channel = await self.services.channels.create(self.project, parse_channel(self.data))
        self.write_channel(channel, 201)


class ChannelKindsHandler(ApiHandler):
    """channels/kinds/: what there is to choose, and the fields of each kind."""

    @requires("read")
    @describes("List the kinds of channels with their fields", {200: listed("kinds", "ChannelKind")})
    async def get(self) -> None:
        self.write_json({"kinds": kind_documents()})


class ChannelHandler(ChannelApiHandler):
    """channels/<uuid>"""

    @requires("read")
    @describes("Read a channel", {200: ref("Channel")})
    async def get(self, channel_id: str) -> None:
        self.write_channel(await self.find_channel(channel_id))

    @requires("write")
    @describes("Change a channel", {200: ref("Channel")}, body=SCHEMA)
    async def post(self, channel_id: str) -> None:
        # Whether it is there and whose it is comes before what is wrong with the request.
        channel = await self.find_channel(channel_id)
        spec = parse_channel(self.data)
        self.write_channel(await self.services.channels.update(self.project, channel.id, spec))

    @requires("write")
    @describes("Delete a channel", {200: ref("Channel")})
    async def delete(self, channel_id: str) -> None:
        channel = await self.find_channel(channel_id)
        self.allow(_DELETE_DEADLINE)
        self.write_channel(await self.services.channels.delete(self.project, channel.id))


class ChannelTestHandler(ChannelApiHandler):
    """channels/<uuid>/test: send a message about the check that `check` names, else about an invented one."""

    @requires("write")
    @describes(
        "Send a test notification and answer with its result",
        {200: ref("TestResult")},
        body=json_fields.object_schema(_TEST_FIELDS),
    )
    async def post(self, channel_id: str) -> None:
        channel, check = await self.find_channel(channel_id), await self._find_check()
        self.allow(self.services.settings.notifications.timeout + _TEST_MARGIN)
        attempt = await self.services.channels.test(channel, check)
        self.write_json(
            {
                "ok": attempt.error is None,
                "status": attempt.status,
                "error": attempt.error,
                "duration": attempt.duration,
            }
        )

    async def _find_check(self) -> Check | None:
        asked = json_fields.parse(self.data, _TEST_FIELDS)
        if not asked:
            return None
        try:
            return await self.services.checks.get(self.project, asked["check"])
        except (NotFound, Forbidden) as error:
            raise json_fields.fault("check is no check of the project") from error


ROUTES: Routes = [
    (route(r"channels/"), ChannelsHandler),
    (route(r"channels/kinds/"), ChannelKindsHandler),
    (route(rf"channels/{UUID}"), ChannelHandler),
    (route(rf"channels/{UUID}/test"), ChannelTestHandler),
]
