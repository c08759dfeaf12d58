"""One channel with its delivery log, at /p/<project>/channels/<id>."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from handlers.pages.channels import channel_title, channels_path, kind_label, shown_target
from handlers.pages.deliveries import delivery
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import InvalidRequest

DELIVERIES: Final = 50  # that are shown at first
_LONGEST: Final = 1000
_MAX_DIGITS: Final = 11


class ChannelPage(PageHandler):
    """The newest deliveries; ?all=1 shows more of them. With the header X-Fragment: the deliveries alone."""

    @signed_in
    async def get(self, project_id: str, channel_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        channel = await self.services.channels.get(project, UUID(channel_id))
        limit = _LONGEST if self.get_query_argument("all", "") else DELIVERIES
        found = await self.services.channels.notifications(channel, limit + 1)
        channels = await self.services.channels.of_project(project.id)
        names_of_channels = {str(one.id): channel_title(one) for one in channels}
        shown = await self.services.project_reader.shown(project.id)
        names = {check.id: check.name for check, _ in shown}
        await self.show(
            "channel_deliveries.html" if self.request.headers.get("X-Fragment") else "channel.html",
            title=channel_title(channel),
            section="channels",
            channel=channel,
            label=kind_label(channel),
            target=shown_target(channel, names_of_channels),
            deliveries=[delivery(one) for one in found[:limit]],
            more=len(found) > limit and limit < _LONGEST,
            names=names,
        )


class RetryDelivery(PageHandler):
    """The form at a delivery that has failed: `check` and `n` name it."""

    @signed_in
    async def post(self, project_id: str, channel_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        channel = await self.services.channels.get(project, UUID(channel_id))
        check, number = parse_uuid(self.form.get("check")), self.form.get("n")
        if check is None:
            raise InvalidRequest("check is not a check's id")
        if not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS):
            raise InvalidRequest("n is not a number")
        again = await self.services.channels.retry(channel, check, int(number))
        text = "It is tried again now." if again else "It is no failed delivery any more."
        self.go(f"{channels_path(project)}/{channel.id}", text)


_CHANNEL: Final = rf"/p/{UUID_PATTERN}/channels/{UUID_PATTERN}"
ROUTES = [(_CHANNEL, ChannelPage), (rf"{_CHANNEL}/retry", RetryDelivery)]
