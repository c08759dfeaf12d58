"""The report on the settings in force that `hcserver config check` prints."""

from __future__ import annotations

from dataclasses import dataclass

from hcserver.config import shell_commands
from hcserver.config.entries import ENTRIES, Entry
from hcserver.config.schema import Settings
from hcserver.config.shell_commands import program


@dataclass(frozen=True, slots=True)
class Line:
    """One setting in force: `section.key`, its value (masked if it is a secret), and its source."""

    name: str
    value: object
    source: str


def describe(settings: Settings) -> list[Line]:
    """Every setting with its value and its source, secrets masked."""
    values = [(entry.name, _shown(settings, entry)) for entry in ENTRIES]
    values += [(shell_commands.setting(name), program(command)) for name, command in settings.shell.items()]
    return [Line(name, value, settings.sources.get(name, "default")) for name, value in values]


def _shown(settings: Settings, entry: Entry) -> object:
    value = getattr(getattr(settings, entry.section), entry.attribute)
    return entry.kind.plain(value) if entry.secret is None else entry.secret(value)
