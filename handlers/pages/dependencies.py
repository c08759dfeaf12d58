"""On which checks one depends: what its page says of that, and the form at /checks/<uuid>/dependencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.paths import CHECK, check_path
from hcserver.domain.check import Check
from hcserver.domain.shown_state import ShownState, state_of
from hcserver.domain.status import shown_status
from hcserver.errors import InvalidRequest
from hcserver.services.container import Services
from hcserver.validation.check import MAX_DEPENDENCIES, parse_spec
from hcserver.validation.json_fields import without_prefix

_API_VERSION: Final = 3  # whose rules hold for the fields of a form
_EMPTY_FIELDS: Final = 3  # besides those that are filled in
_KNOWN: Final = 5000  # checks of a project; in a larger one the fields take slugs and uuids alone
_OFFERED: Final = 2000  # checks that the fields offer, some 150 kB; others can be typed
_LISTED: Final = 20  # of the checks that depend on one
_NAMELESS: Final = "a check without a name"


class Neighbour(NamedTuple):
    """A check on which another one depends, or that depends on it, with the state that people see."""

    check: Check
    name: str
    state: ShownState


class Neighbours(NamedTuple):
    """What a check depends on, and the first of those that depend on it, with how many these are in all."""

    above: Sequence[Neighbour]
    below: Sequence[Neighbour]
    number_below: int


async def neighbours(services: Services, check: Check) -> Neighbours:
    """Raises Unavailable."""
    now = services.clock()

    def shown(checks: Iterable[Check]) -> list[Neighbour]:
        return [
            Neighbour(one, one.name or one.slug or _NAMELESS, state_of(one, shown_status(one, now)))
            for one in checks
        ]

    below = await services.project_reader.dependents(check.project, check.id)
    return Neighbours(shown(await services.dependencies.of(check)), shown(below[:_LISTED]), len(below))


class DependenciesPage(PageHandler):
    """Fields for slugs, names or uuids, which offer the checks of the project."""

    @signed_in
    async def get(self, check_id: str) -> None:
        check = await self.open_check(check_id, "editor")
        names = await self._names(check)
        filled = [names.of(one) for one in await self.services.dependencies.of(check)]
        await self._show_form(check, names, filled)

    @signed_in
    async def post(self, check_id: str) -> None:
        check = await self.open_check(check_id, "editor")
        assert self.project is not None
        names = await self._names(check)
        typed = [text for one in self.form.all("depends_on") if (text := one.strip())]
        try:
            spec = parse_spec({"depends_on": [names.find(one) for one in typed]}, _API_VERSION)
            await self.services.check_editor.update(self.project, check.id, spec)
        except InvalidRequest as error:
            self.set_status(400)
            fault = without_prefix(error).removeprefix("depends_on ")
            await self._show_form(check, names, typed, f"The list {fault}.")
            return
        self.go(check_path(check.id), "Saved.")

    async def _names(self, check: Check) -> _Names:
        checks = await self.services.project_reader.checks(check.project, limit=_KNOWN + 1)
        return _Names(checks if len(checks) <= _KNOWN else [])

    async def _show_form(self, check: Check, names: _Names, filled: Sequence[str], fault: str = "") -> None:
        fields = [*filled, *[""] * _EMPTY_FIELDS][:MAX_DEPENDENCIES]
        await self.show(
            "dependencies.html", title=f"What {check.name or 'a check'} depends on", section="checks",
            check=check, fields=fields, fault=fault, offered=names.offered(check)[:_OFFERED],
        )  # fmt: skip


class _Names:
    """What people call the checks of a project: a slug or a name that only one has, else the uuid."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks
        self._slugs = Counter(one.slug for one in checks)
        self._names = Counter(one.name.strip() for one in checks)
        self._ids = {one.name.strip(): str(one.id) for one in checks}

    def of(self, check: Check) -> str:
        if check.slug and self._slugs[check.slug] == 1:
            return check.slug
        name = check.name.strip()
        return name if name and self._names[name] == 1 and name not in self._slugs else str(check.id)

    def find(self, typed: str) -> str:
        """The slug or uuid that was typed, or the uuid of the check with this name. Raises InvalidRequest."""
        if typed in self._slugs or not self._names[typed]:
            return typed
        if self._names[typed] > 1:
            raise InvalidRequest(f"names {typed!r}, which several checks of the project have as their name")
        return self._ids[typed]

    def offered(self, check: Check) -> list[tuple[str, str]]:
        """The checks on which this one could depend by what to type, each with its name, in the order of
        names.
        """
        others = [one for one in self._checks if one.id != check.id]
        offered = [(self.of(one), one.name or _NAMELESS) for one in others]
        return sorted(offered, key=lambda pair: pair[1].casefold())


ROUTES = [(rf"/checks/{CHECK}/dependencies", DependenciesPage)]
