"""The channels of a project, at /p/<project>/channels, and what is done to each of them there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from handlers.pages.deliveries import Delivery, delivery
from hcserver.domain.channel import Channel
from hcserver.domain.notification import Attempt
from hcserver.domain.project import Project
from hcserver.domain.words import listed
from hcserver.errors import InvalidRequest
from hcserver.notify.group import Group
from hcserver.notify.registry import CHANNEL_KINDS, masked_target
from hcserver.services.management.channels import Channels
from hcserver.validation.channel import parse_channel
from hcserver.validation.json_fields import without_prefix

_LOOKED_AT: Final = 5  # notifications of a channel in which the last delivery is searched
_AT_ONCE: Final = 10  # channels whose deliveries are read at a time
_PAGE: Final = 50  # channels
_NOTICE: Final = 200  # characters of a test's result in a notice, which has to fit into a cookie
_TEST_MARGIN: Final = 5.0  # seconds for what a test needs beside sending
_DELETE_DEADLINE: Final = 60.0  # seconds: a channel may be assigned to thousands of checks


class ChannelRow(NamedTuple):
    """A channel as the list shows it; `last` is None if nothing was delivered yet."""

    channel: Channel
    label: str
    target: str
    last: Delivery | None


def channels_path(project: Project) -> str:
    """The path of the list."""
    return f"/p/{project.id}/channels"


def channel_title(channel: Channel) -> str:
    """The name, or what else tells a channel from others."""
    return channel.name or masked_target(channel)


def shown_target(channel: Channel, names: Mapping[str, str]) -> str:
    """Where messages go, without secrets. `names` are those of all channels by id, for members of a group."""
    if channel.kind != Group.name:
        return masked_target(channel)
    return listed([names.get(id, "a deleted channel") for id in channel.target.split(",")])


def kind_label(channel: Channel) -> str:
    kind = CHANNEL_KINDS.get(channel.kind)
    return channel.kind if kind is None else kind.form.label


def outcome_in_words(attempt: Attempt) -> str:
    """What came of a test, in one line."""
    status = "" if attempt.status is None else f" (status {attempt.status})"
    took = f"{round(attempt.duration * 1000)} ms"
    if attempt.error is None:
        return f"It works: delivered in {took}{status}."
    return f"It failed after {took}{status}: {attempt.error}."


async def make_rows(
    services: Channels, channels: Sequence[Channel], names: Mapping[str, str]
) -> list[ChannelRow]:
    """The rows of the list, with the last delivery by each channel; `names` as for `shown_target`."""
    rows: list[ChannelRow] = []
    for start in range(0, len(channels), _AT_ONCE):
        some = channels[start : start + _AT_ONCE]
        found = await asyncio.gather(*(services.notifications(one, _LOOKED_AT) for one in some))
        for channel, notifications in zip(some, found, strict=True):
            last = next((one for one in notifications if one.attempts), None)
            shown = None if last is None else delivery(last)
            target = shown_target(channel, names)
            rows.append(ChannelRow(channel, kind_label(channel), target, shown))
    return rows


class ListedChannels(NamedTuple):
    """The channels that a page of the list shows; `names` are those of all, as for `shown_target`."""

    shown: list[Channel]
    names: dict[str, str]
    page: int
    pages: int


async def listed_channels(handler: PageHandler, project: Project) -> ListedChannels:
    """What ?page= asks for; the nearest page that there is."""
    channels = await handler.services.channels.of_project(project.id)
    pages = -(-len(channels) // _PAGE)
    text = handler.get_query_argument("page", "1")
    asked = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    page = max(1, min(asked, pages))
    names = {str(one.id): channel_title(one) for one in channels}
    return ListedChannels(channels[(page - 1) * _PAGE : page * _PAGE], names, page, pages)


class ChannelsPage(PageHandler):
    """The list. With the header X-Fragment: what is live in each row alone."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        listed = await listed_channels(self, project)
        await self.show(
            "channels_live.html" if self.request.headers.get("X-Fragment") else "channels.html",
            title="Channels",
            section="channels",
            rows=await make_rows(self.services.channels, listed.shown, listed.names),
            channel_title=channel_title,
            page=listed.page,
            pages=listed.pages,
        )


class ChannelActions(PageHandler):
    """Each is a form in the list; a test that the script has sent is answered with a line of text."""

    @signed_in
    async def post(self, project_id: str, channel_id: str, action: str) -> None:
        project = await self.open_project(project_id, "editor")
        channel = await self.services.channels.get(project, UUID(channel_id))
        await _ACTIONS[action](self, project, channel)

    async def test(self, project: Project, channel: Channel) -> None:
        self.allow(self.services.settings.notifications.timeout + _TEST_MARGIN)
        result = outcome_in_words(await self.services.channels.test(channel))
        if self.request.headers.get("X-Fragment"):
            self.write_text(result)
        else:
            self.go(channels_path(project), f"{channel_title(channel)}: {result[:_NOTICE]}")

    async def disable(self, project: Project, channel: Channel) -> None:
        await self._switch(project, channel, disabled=True)

    async def enable(self, project: Project, channel: Channel) -> None:
        await self._switch(project, channel, disabled=False)

    async def delete(self, project: Project, channel: Channel) -> None:
        self.allow(_DELETE_DEADLINE)
        await self.services.channels.delete(project, channel.id)
        self.go(channels_path(project), f"{channel_title(channel)} is deleted.")

    async def _switch(self, project: Project, channel: Channel, *, disabled: bool) -> None:
        spec = parse_channel({"disabled": disabled})
        try:
            await self.services.channels.update(project, channel.id, spec)
        except InvalidRequest as error:
            self.go(channels_path(project), f"Nothing was changed: {without_prefix(error)}.")
            return
        word = "is disabled: it gets no messages" if disabled else "is enabled"
        self.go(channels_path(project), f"{channel_title(channel)} {word}.")


_ACTIONS: Final[dict[str, Callable[[ChannelActions, Project, Channel], Awaitable[None]]]] = {
    "test": ChannelActions.test,
    "disable": ChannelActions.disable,
    "enable": ChannelActions.enable,
    "delete": ChannelActions.delete,
}

_LIST: Final = rf"/p/{UUID_PATTERN}/channels"
ROUTES = [
    (_LIST, ChannelsPage),
    (rf"{_LIST}/{UUID_PATTERN}/({'|'.join(_ACTIONS)})", ChannelActions),
]
