"""The report on the settings in force that `hcserver config check` prints."""

from __future__ import annotations

from dataclasses import dataclass

from hcserver.config.entries import ENTRIES, Entry
from hcserver.config.schema import Settings


@dataclass(frozen=True, slots=True)
class Line:
    """One setting in force: `section.key`, its value (masked if it is a secret), and its source."""

    name: str
    value: object
    source: str


def describe(settings: Settings) -> list[Line]:
    """Every setting with its value and its source, secrets masked."""
    return [
        Line(entry.name, _shown(settings, entry), settings.sources.get(entry.name, "default"))
        for entry in ENTRIES
    ]


def _shown(settings: Settings, entry: Entry) -> object:
    value = getattr(getattr(settings, entry.section), entry.attribute)
    return entry.kind.plain(value) if entry.secret is None else entry.secret(value)
