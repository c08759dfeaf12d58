"""How settings differ."""

from __future__ import annotations

from hcserver.declaration.model import Settings
from hcserver.declaration.plan import FieldChange


def differences(before: Settings, after: Settings) -> tuple[FieldChange, ...]:
    """The settings that differ, in the order of the declared ones; those that have gone come last."""
    names = dict.fromkeys([*after, *before])
    return tuple(
        FieldChange(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def chosen(settings: Settings, defaults: Settings) -> tuple[FieldChange, ...]:
    """The settings of something new that are not what it has by itself."""
    return tuple(
        FieldChange(name, None, value)
        for name, value in settings.items()
        if name not in defaults or defaults[name] != value
    )


def changed(before: Settings, after: Settings) -> Settings:
    """The declared settings that differ from those that there are."""
    return {name: value for name, value in after.items() if before.get(name) != value}
