"""A whole file as it declares projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from hcserver.declaration.faults import Faults
from hcserver.declaration.model import DeclaredProject
from hcserver.declaration.read_channel import read_channel
from hcserver.declaration.read_check import read_check
from hcserver.declaration.read_window import read_window
from hcserver.declaration.tables import (
    Table,
    parse,
    require_known,
    require_unique,
    tables,
    text_or_variable,
)
from hcserver.validation.json_fields import title
from hcserver.validation.limits import MAX_NAME
from hcserver.validation.project import parse_ping_key, parse_project

LIMITS: Final = ("checks_limit", "pings_limit")
_KNOWN: Final = ("name", "ping_key", *LIMITS, "channels", "checks", "windows")
_read_title = title(MAX_NAME)


class _Placed(Protocol):
    @property
    def place(self) -> str: ...


P = TypeVar("P", bound=_Placed)


def read_file(content: bytes, environment: Mapping[str, str]) -> tuple[DeclaredProject, ...]:
    """The projects that the TOML file declares, in its order.

    Raises InvalidRequest with a line for each fault of the file, those of its references to variables of
    `environment` included.
    """
    top = parse(content)
    faults = Faults()
    require_known(top, ("projects",), faults)
    projects = [
        _read_project(table, environment, below) for table, below in tables(top, "projects", "name", faults)
    ]
    found = [project for project in projects if project is not None]
    require_unique([(project.place, project.name) for project in found], "name", faults)
    keys = [(project.place, project.ping_key) for project in found if project.ping_key is not None]
    require_unique(keys, "ping_key", faults, secret=True)
    if not top.get("projects") and not faults.texts:
        faults.add("", "the file declares no projects: expected [[projects]]")
    faults.raise_any()
    return tuple(found)


def _read_project(table: Table, environment: Mapping[str, str], faults: Faults) -> DeclaredProject | None:
    require_known(table, _KNOWN, faults)
    name = _read_name(table, faults)
    limits: dict[str, Any] = {}
    for field in LIMITS:
        if field in table:
            with faults.of_field(field):
                limits[field] = getattr(parse_project({field: table[field]}), field)
    project = DeclaredProject(
        place=faults.place,
        name=name,
        ping_key=_read_ping_key(table, environment, faults),
        checks_limit=limits.get("checks_limit", 0),
        pings_limit=limits.get("pings_limit", 0),
        channels=_read_all(
            table, "channels", "name", lambda one, below: read_channel(one, environment, below), faults
        ),
        checks=_read_all(table, "checks", "slug", read_check, faults),
        windows=_read_all(table, "windows", "name", read_window, faults),
    )
    return project if name else None


def _read_all(
    table: Table, key: str, identity: str, read: Callable[[Table, Faults], P | None], faults: Faults
) -> tuple[P, ...]:
    """The things of an array of tables that have no fault."""
    found = [read(one, below) for one, below in tables(table, key, identity, faults)]
    things = tuple(one for one in found if one is not None)
    require_unique([(one.place, getattr(one, identity)) for one in things], identity, faults)
    return things


def _read_name(table: Table, faults: Faults) -> str:
    if "name" not in table:
        faults.add("name", "is missing: it says which project is meant")
        return ""
    with faults.of_field("name"):
        name: str = _read_title("name", table["name"])
        return name
    return ""


def _read_ping_key(table: Table, environment: Mapping[str, str], faults: Faults) -> str | None:
    if "ping_key" not in table:
        return None
    key = text_or_variable(table["ping_key"], "ping_key", environment, faults)
    if key is not None:
        with faults.of_field("ping_key"):
            return parse_ping_key(key)
    return None
