"""Who should be notified? The first channels of a project, asked for on the page of a check."""

from __future__ import annotations

from typing import Final

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.paths import CHECK, check_path
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.errors import InvalidRequest
from hcserver.validation.channel import parse_channel
from hcserver.validation.json_fields import without_prefix

KINDS: Final = {"email": "address", "ntfy": "topic"}  # -> the only field of the kind that is needed
_TEST_DEADLINE: Final = 60.0  # seconds


class FirstChannels(PageHandler):
    """Makes a channel of each field that is filled in, assigns them to the check, and may test them."""

    @signed_in
    async def post(self, check_id: str) -> None:
        check = await self.open_check(check_id, "editor")
        assert self.project is not None
        try:
            channels = await self._create(self.project)
        except InvalidRequest as error:
            self.go(check_path(check.id), f"Nothing was saved: {without_prefix(error)}.")
            return
        ids = [str(channel.id) for channel in channels]
        await self.services.check_editor.change_channels(self.project, check.id, ids, ())
        notice = "Nobody was named." if not channels else "They will be notified."
        if channels and self.form.get("do") == "test":
            notice = await self._test(channels, check)
        self.go(check_path(check.id), notice)

    async def _create(self, project: Project) -> list[Channel]:
        """Raises InvalidRequest; then there is no new channel."""
        specs = [
            parse_channel({"kind": kind, "name": kind, "fields": {field: value}})
            for kind, field in KINDS.items()
            if (value := self.form.get(kind))
        ]
        made: list[Channel] = []
        try:
            for spec in specs:
                made.append(await self.services.channels.create(project, spec))
        except InvalidRequest:
            for channel in made:
                await self.services.channels.delete(project, channel.id)
            raise
        return made

    async def _test(self, channels: list[Channel], check: Check) -> str:
        self.allow(_TEST_DEADLINE)
        outcomes = []
        for channel in channels:
            attempt = await self.services.channels.test(channel, check)
            outcome = "sent" if attempt.error is None else f"failed ({attempt.error})"
            outcomes.append(f"{channel.kind}: {outcome} in {attempt.duration * 1000:.0f} ms")
        return "Test message: " + "; ".join(outcomes) + "."


ROUTES = [(rf"/checks/{CHECK}/notify", FirstChannels)]
