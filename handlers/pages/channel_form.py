"""Making and changing a channel, at /p/<project>/channels/new and /p/<project>/channels/<id>/edit."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple
from uuid import UUID

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from handlers.pages.channels import channel_title, channels_path
from handlers.pages.form import Form
from handlers.pages.many_checks import DEADLINE, change_each
from hcserver.domain.channel import Channel
from hcserver.domain.project import Project
from hcserver.errors import Forbidden, InvalidRequest, NotFound
from hcserver.notify.registry import CHANNEL_KINDS, ChannelKind
from hcserver.notify.target_form import WHOLE, TargetField
from hcserver.validation.channel import EVENTS, parse_channel
from hcserver.validation.json_fields import without_prefix

_API_VERSION: Final = 3  # whose rules hold for the fields of a form
_PREFIX: Final = "field-"  # of the names of the target's fields in the page
_FIELD_FAULT: Final = re.compile(r"fields\.(\w+) (.*)", re.DOTALL)
_DELAYS: Final = (
    (0, "at once"), (60, "after 1 minute"), (300, "after 5 minutes"), (900, "after 15 minutes"),
    (3600, "after 1 hour"), (21600, "after 6 hours"),
)  # fmt: skip
_EVENT_WORDS: Final = dict(
    zip(EVENTS, ("goes down", "is up again", "runs for too long", "is paused"), strict=True)
)


class FormFault(NamedTuple):
    """What is wrong; `field` is the name of a field of the target, or "" for everything else."""

    field: str
    text: str


class NewChannelPage(PageHandler):
    """First the kinds, then (?kind=) the form of one."""

    @signed_in
    async def get(self, project_id: str) -> None:
        await self.open_project(project_id, "editor")
        name = self.get_query_argument("kind", "")
        if name in CHANNEL_KINDS:
            await _show_form(self, CHANNEL_KINDS[name], None, _defaults(CHANNEL_KINDS[name]), None)
            return
        wanted = self.get_query_argument("q", "")[:100].casefold()
        kinds = [
            (kind.name, kind.form)
            for kind in CHANNEL_KINDS.values()
            if wanted in f"{kind.name} {kind.form.label} {kind.form.help}".casefold()
        ]
        await self.show("channel_kinds.html", title="New channel", section="channels", kinds=kinds, q=wanted)

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        kind = CHANNEL_KINDS.get(self.form.get("kind"))
        if kind is None:
            raise InvalidRequest("kind has an unexpected value")
        data = {**read_settings(self.form), "kind": kind.name, "fields": read_fields(self.form, kind, None)}
        data["name"] = data["name"] or kind.form.label
        try:
            channel = await self.services.channels.create(project, parse_channel(data))
        except (InvalidRequest, Forbidden) as error:
            await _show_form(self, kind, None, self.form.values(), fault_of(error), self.form)
            return
        if self.form.is_on("all_checks"):
            self.allow(DEADLINE)
            await self._assign(project, channel)
        self.go(
            channels_path(project), f"{channel_title(channel)} is there. Send a test to see that it works."
        )

    async def _assign(self, project: Project, channel: Channel) -> None:
        """Let every check of the project notify the channel as well."""

        change = self.services.check_editor.change_channels
        await change_each(
            await self.services.project_reader.checks(project.id),
            lambda check: change(project, check.id, [str(channel.id)], ()),
        )


class EditChannelPage(PageHandler):
    """The same form; stored secrets are not shown, and stay as they are where they are left empty."""

    @signed_in
    async def get(self, project_id: str, channel_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        channel = await self.services.channels.get(project, UUID(channel_id))
        kind = _kind_of(channel)
        stored = kind.form.from_target(channel.target)
        secret = {field.name for field in kind.form.fields if field.type == "secret"}
        values = {f"{_PREFIX}{name}": value for name, value in stored.items() if name not in secret}
        settings = {"name": channel.name, "tags": channel.tags, "delay": str(channel.delay)}
        await _show_form(self, kind, channel, {**_defaults(kind), **values, **settings}, None)

    @signed_in
    async def post(self, project_id: str, channel_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        channel = await self.services.channels.get(project, UUID(channel_id))
        kind = _kind_of(channel)
        data = {**read_settings(self.form), "fields": read_fields(self.form, kind, channel)}
        try:
            await self.services.channels.update(project, channel.id, parse_channel(data))
        except InvalidRequest as error:
            await _show_form(self, kind, channel, self.form.values(), fault_of(error), self.form)
            return
        self.go(f"{channels_path(project)}/{channel.id}", "Saved.")


def read_settings(form: Form) -> dict[str, Any]:
    """What all kinds of channels have, as a request to the API would have it."""
    delay = form.get("delay") or "0"
    number: object = int(delay) if delay.isascii() and delay.isdigit() and len(delay) < 10 else delay
    return {
        "name": form.get("name"),
        "tags": form.get("tags"),
        "delay": number,
        "events": form.all("events"),
        "auto_assign": form.is_on("auto_assign"),
    }


def read_fields(form: Form, kind: ChannelKind, channel: Channel | None) -> dict[str, str]:
    """The fields of the target. Of a channel that there is, a secret that was left empty is left out."""
    fields = {}
    for field in kind.form.all_fields:
        name = f"{_PREFIX}{field.name}"
        value = ",".join(form.all(name)) if field.type == "channels" else form.get(name)
        kept = channel is not None and field.type == "secret" and not form.is_on(f"remove-{field.name}")
        if name in form and (value or not kept):
            fields[field.name] = value
        elif field.type == "channels":
            fields[field.name] = ""
    return fields


def fault_of(error: InvalidRequest | Forbidden) -> FormFault:
    """What a refused request tells whoever has filled in the form."""
    if isinstance(error, Forbidden):
        return FormFault("", "The project has as many channels as it may have.")
    text = without_prefix(error)
    if (match := _FIELD_FAULT.fullmatch(text)) is not None:
        return FormFault(match[1], match[2])
    return FormFault("", text.removeprefix("fields."))


def _kind_of(channel: Channel) -> ChannelKind:
    """Raises NotFound for a kind that a later version has stored."""
    if channel.kind not in CHANNEL_KINDS:
        raise NotFound("not found")
    return CHANNEL_KINDS[channel.kind]


def _defaults(kind: ChannelKind) -> dict[str, str]:
    return {f"{_PREFIX}{field.name}": field.default for field in kind.form.fields}


async def _show_form(
    page: PageHandler,
    kind: ChannelKind,
    channel: Channel | None,
    values: dict[str, str],
    fault: FormFault | None,
    sent: Form | None = None,
) -> None:
    """Show the form with these values; `sent` is what was filled in if it is shown again."""
    assert page.project is not None
    others = await page.services.channels.of_project(page.project.id) if kind.name == "group" else []
    members = sent.all(f"{_PREFIX}channels") if sent else values.get(f"{_PREFIX}channels", "").split(",")
    if fault is not None:
        page.set_status(400)
    stored = {} if channel is None else kind.form.from_target(channel.target)
    first, further = _parted(kind.form.all_fields if WHOLE in stored else kind.form.fields, stored, fault)
    await page.show(
        "channel_form.html",
        title=f"New channel: {kind.form.label}" if channel is None else f"Edit {channel_title(channel)}",
        section="channels",
        kind=kind,
        channel=channel,
        values=values,
        stored=stored,
        fault=fault,
        first=first,
        further=further,
        others=[one for one in others if one.kind != "group"],
        members=members,
        whole=WHOLE in stored,
        events=sent.all("events") if sent else EVENTS[:2] if channel is None else channel.events,
        event_words=_EVENT_WORDS,
        auto_assign=sent.is_on("auto_assign") if sent else channel is None or channel.auto_assign,
        all_checks=sent is None or sent.is_on("all_checks"),
        delays=_with(_DELAYS, values.get("delay", "0")),
        channel_title=channel_title,
    )


def _parted(
    fields: tuple[TargetField, ...], stored: dict[str, str], fault: FormFault | None
) -> tuple[list[TargetField], list[TargetField]]:
    """The fields that are shown at once, and those behind "More": optional ones without a value."""

    def is_further(field: TargetField) -> bool:
        wrong = fault is not None and fault.field == field.name
        return not field.required and not wrong and stored.get(field.name, "") in ("", field.default)

    return [one for one in fields if not is_further(one)], [one for one in fields if is_further(one)]


def _with(delays: tuple[tuple[int, str], ...], value: str) -> list[tuple[int, str]]:
    """The delays to choose from, and the one that is set if it is another."""
    known = {seconds for seconds, _ in delays}
    if not (value.isascii() and value.isdigit() and len(value) < 10) or int(value) in known:
        return list(delays)
    return [*delays, (int(value), f"after {value} seconds")]


_LIST: Final = rf"/p/{UUID_PATTERN}/channels"
ROUTES = [(rf"{_LIST}/new", NewChannelPage), (rf"{_LIST}/{UUID_PATTERN}/edit", EditChannelPage)]
