"""Projects as files declare them, and as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from hcserver.declaration.model import DeclaredProject
from hcserver.declaration.plan import Change, Plan
from hcserver.declaration.planner import Allowed, plan
from hcserver.declaration.present import PresentProject
from hcserver.declaration.read_file import read_file
from hcserver.declaration.toml_text import value
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.project import Project

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY = "abcdefghijklmnopqrstuv"
ALLOWED = Allowed(checks=100, pings=100)


def project(name: str = "Lab", **fields: Any) -> Project:
    given = {"ping_key": KEY, "badge_key": uuid4().hex, **fields}
    return Project(id=uuid4(), name=name, created=NOW, **given)


LAB = project()


def check(slug: str, **fields: Any) -> Check:
    given = {"name": slug, **fields}
    return Check(id=uuid4(), project=LAB.id, created=NOW, badge=uuid4(), slug=slug, **given)


def channel(name: str, kind: str = "email", target: str = "ops@example.org", **fields: Any) -> Channel:
    return Channel(id=uuid4(), project=LAB.id, created=NOW, kind=kind, target=target, name=name, **fields)


def group(name: str, members: Iterable[Channel]) -> Channel:
    return channel(name, "group", ",".join(str(one.id) for one in members))


def window(name: str, **fields: Any) -> MaintenanceWindow:
    given = fields or {"schedule": "daily", "kind": "oncalendar", "minutes": 30}
    return MaintenanceWindow(id=uuid4(), project=LAB.id, created=NOW, name=name, **given)


def present(
    channels: Sequence[Channel] = (),
    checks: Sequence[Check] = (),
    windows: Sequence[MaintenanceWindow] = (),
    project: Project = LAB,
) -> PresentProject:
    return PresentProject(project, channels, checks, windows)


def lab(**arrays: Sequence[dict[str, Any]]) -> DeclaredProject:
    """The project Lab with these channels, checks and windows, as they stand in a file."""
    lines = [f"{name} = {value(array)}" for name, array in arrays.items()]
    return declared("\n".join(["[[projects]]", 'name = "Lab"', *lines]))[0]


def declared(toml: str) -> tuple[DeclaredProject, ...]:
    return read_file(toml.encode(), {})


def planned(wanted: DeclaredProject, there: PresentProject | None = None, *, prune: bool = False) -> Plan:
    """The plan for one project."""
    projects = [] if there is None else [there.project]
    contents: dict[UUID, PresentProject] = {} if there is None else {there.project.id: there}
    return plan([wanted], projects, contents, ALLOWED, NOW, prune=prune)


def steps(changes: Iterable[Change]) -> list[str]:
    return [f"{change.action} {change.what} {change.name}" for change in changes]


def shown(change: Change) -> dict[str, tuple[Any, Any]]:
    return {field.name: (field.before, field.after) for field in change.shown}
