"""The list of checks in groups, by their first tag."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from handlers.pages.check_row import CheckRow
from hcserver.domain.shown_state import ShownState
from hcserver.domain.words import counted
from hcserver.services.reading.check_list import ListedCheck

ROWS_OF_GROUP: Final = 50  # more are seen by the tag's filter
_URGENT: Final[tuple[ShownState, ...]] = ("down", "late")


class Group(NamedTuple):
    """The checks whose first tag this is ("": they have none): `rows` of them, of `size` in all.

    `opened`: its checks are seen at once, since the filter has found them or some need attention.
    """

    tag: str
    summary: str
    rows: list[CheckRow]
    size: int
    opened: bool


def first_tag(listed: ListedCheck) -> str:
    """What the check is grouped by."""
    return next(iter(listed.check.tags.split()), "")


def split_groups(found: list[ListedCheck]) -> dict[str, list[ListedCheck]]:
    """The checks by their first tag, in the order of tags, those without one last. Groups keep the order."""
    groups: dict[str, list[ListedCheck]] = {}
    for listed in found:
        groups.setdefault(first_tag(listed), []).append(listed)
    return dict(sorted(groups.items(), key=lambda one: (one[0] == "", one[0].casefold())))


def make_group(tag: str, checks: list[ListedCheck], rows: list[CheckRow], filtered: bool) -> Group:
    """The group of a tag, with the rows that are shown of it."""
    counts = Counter(listed.state for listed in checks)
    urgent = [f"{counts[state]} {state}" for state in _URGENT if counts[state]]
    summary = ", ".join([counted(len(checks), "check"), *urgent])
    return Group(tag, summary, rows, len(checks), filtered or bool(urgent))
