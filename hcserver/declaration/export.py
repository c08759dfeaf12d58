"""Writing what projects have as a file that declares it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from hcserver.declaration import toml_text
from hcserver.declaration.model import Settings
from hcserver.declaration.present import PresentProject
from hcserver.declaration.read_channel import DEFAULTS as CHANNEL_DEFAULTS
from hcserver.declaration.read_check import DEFAULTS as CHECK_DEFAULTS
from hcserver.declaration.variables import Variables
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.notify.email import Email
from hcserver.notify.group import Group
from hcserver.notify.registry import masked_target

# What a stored window has by itself.
_WINDOW_DEFAULTS: Final[Settings] = {"tz": "UTC"}


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a file; the environment variables that it refers to, with what each is; what it lacks."""

    text: str
    variables: dict[str, str]
    left_out: tuple[str, ...]


def export_projects(projects: Iterable[PresentProject], *, secrets: bool) -> Exported:
    """A file that declares these projects. With `secrets` it has them in clear, as far as they are known."""
    variables = Variables(in_clear=secrets)
    pieces, left_out = [], []
    for one in projects:
        pieces += _project(one, variables)
        left_out += [f"{one.project.name}: {lost.what} {lost.shown}: {lost.why}" for lost in one.unnamed()]
    head = ["Written by `hcserver export`; `hcserver apply` takes it."]
    if variables.meanings:
        head += ["", "Environment variables that have to be set:"]
        head += [f"  {name}: {meaning}" for name, meaning in variables.meanings.items()]
    if left_out:
        head += ["", "Not in this file, which could not name it:", *(f"  {text}" for text in left_out)]
    text = "\n".join([toml_text.comment(head), *pieces])
    return Exported(text=text, variables=variables.meanings, left_out=tuple(left_out))


def _project(present: PresentProject, variables: Variables) -> list[str]:
    project = present.project
    content: dict[str, Any] = {"name": project.name}
    content["ping_key"] = variables.stand_in(
        ("PING_KEY", project.name), project.ping_key, f"the ping key of {project.name}"
    )
    for field in ("checks_limit", "pings_limit"):
        if (limit := getattr(project, field)) is not None:
            content[field] = limit
    return [
        toml_text.table("projects", content),
        *(
            toml_text.table("projects.channels", _channel(present, one, variables))
            for one in present.channels.values()
        ),
        *(toml_text.table("projects.checks", _check(present, one)) for one in present.checks.values()),
        *(
            toml_text.table("projects.windows", _window(present, one))
            for one in present.windows.values()
            if present.why_no_file_has(one) is None
        ),
    ]


def _channel(present: PresentProject, channel: Channel, variables: Variables) -> dict[str, Any]:
    content: dict[str, Any] = {"name": channel.name, "kind": channel.kind}
    if channel.kind == Group.name:
        content["channels"] = present.named(present.members(channel))
    elif channel.kind == Email.name or masked_target(channel) == channel.target:
        content["target"] = channel.target
    else:
        project = present.project.name
        content["target"] = variables.stand_in(
            ("TARGET", project, channel.name),
            None if channel.unreadable else channel.target,
            f"the target of the {channel.kind} channel {channel.name} of {project}",
        )
    return content | _without(CHANNEL_DEFAULTS, present.channel_settings(channel))


def _check(present: PresentProject, check: Check) -> dict[str, Any]:
    settings = _without({**CHECK_DEFAULTS, "name": check.slug}, present.check_settings(check))
    return {"slug": check.slug, **settings, "channels": present.named(check.channels)}


def _window(present: PresentProject, window: MaintenanceWindow) -> dict[str, Any]:
    return {"name": window.name, **_without(_WINDOW_DEFAULTS, present.window_settings(window))}


def _without(defaults: Settings, settings: Settings) -> Settings:
    """The settings that differ from their defaults."""
    return {
        name: value for name, value in settings.items() if name not in defaults or value != defaults[name]
    }
