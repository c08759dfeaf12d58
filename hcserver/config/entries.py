"""The list of all settings, as the schema declares them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hcserver.config.schema import Settings
from hcserver.config.types import SettingType

PREFIX = "HCSERVER_"  # of every environment variable that is ours


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting: its attribute in Settings, its name outside, its type, and how its value is masked."""

    section: str
    attribute: str
    key: str
    kind: SettingType[Any]
    secret: Callable[[Any], object] | None

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.section}_{self.key}".upper()


def _declared() -> Iterator[Entry]:
    for section in dataclasses.fields(Settings):
        if section.name in ("shell", "sources"):  # no fixed keys
            continue
        factory = section.default_factory
        assert factory is not dataclasses.MISSING
        for declared in dataclasses.fields(factory()):
            given = declared.metadata
            key = given["key"] or declared.name
            yield Entry(section.name, declared.name, key, given["kind"], given["secret"])


ENTRIES = tuple(_declared())
SECTIONS = tuple(dict.fromkeys(entry.section for entry in ENTRIES))
