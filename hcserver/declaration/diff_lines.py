"""A plan as lines for people, with the colours that they have on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hcserver.declaration import toml_text
from hcserver.declaration.plan import Action, Change, FieldChange, Plan

_MAX_VALUE: Final = 200  # characters of a value that are shown
_SIGNS: Final[dict[Action, tuple[str, str]]] = {
    "create": ("+", "green"),
    "change": ("~", "yellow"),
    "delete": ("-", "red"),
}
_LEFT: Final = ("=", "bright_black")


def diff_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """Each line with its colour ("" for none). A project of which nothing is to be said has none."""
    for project in plan.projects:
        if project.changes or project.left:
            yield f"{project.name}:", ""
        for change in project.changes:
            sign, colour = _SIGNS[change.action]
            yield f"  {sign} {change.what} {change.name}", colour
            for field in change.shown:
                yield f"      {_field(change, field)}", colour
        for left in project.left:
            sign, colour = _LEFT
            yield f"  {sign} {left.what} {left.name}: {left.why}", colour


def summary(plan: Plan, *, dry_run: bool) -> str:
    """What was done, or would be, in one line."""
    counts = {action: plan.count(action) for action in _SIGNS}
    if not any(counts.values()):
        return "Nothing to change."
    if dry_run:
        parts = [f"{count} to {action}" for action, count in counts.items() if count]
        return f"{', '.join(parts)}. Nothing was changed, as this was a dry run."
    parts = [f"{action}d {count}" for action, count in counts.items() if count]
    return f"{', '.join(parts).capitalize()}."


def document(plan: Plan) -> dict[str, Any]:
    """The plan for programs: its changes, and what is left as it is."""
    return {
        "changes": [
            {
                "project": project.name,
                "action": change.action,
                "what": change.what,
                "name": change.name,
                "fields": change.shown,
            }
            for project in plan.projects
            for change in project.changes
        ],
        "left": [
            {"project": project.name, "what": left.what, "name": left.name, "why": left.why}
            for project in plan.projects
            for left in project.left
        ],
    }


def _field(change: Change, field: FieldChange) -> str:
    if change.action == "create":
        return f"{field.name} = {_shown(field.after)}"
    before, after = _shown(field.before), _shown(field.after)
    hint = " (another one)" if before == after else ""
    return f"{field.name}: {before} -> {after}{hint}"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = toml_text.value(value)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"
