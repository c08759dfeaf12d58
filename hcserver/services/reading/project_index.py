"""The checks of one project in memory: in the order of their creation, by slug and by tag, and counted by
the status that they show.
"""

from __future__ import annotations

import asyncio
import secrets
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.status import ShownStatus
from hcserver.services.reading.indexed_check import IndexedCheck, Key, key_of
from hcserver.services.reading.status_counts import StatusCounts

MAX_GONE = 1000  # checks that left the project and are still among its changes
MAX_PENDING = 200  # changed checks that are not indexed yet; more are indexed at once, a few us each
_CLOCK_STEP = timedelta(seconds=1)  # a clock that is set back by more makes the counts wrong


class Selection(NamedTuple):
    """Which checks of a project are asked for: those with this slug (None: any) and all of these tags."""

    slug: str | None = None
    tags: frozenset[str] = frozenset()

    @property
    def is_one_list(self) -> bool:
        """An index has a list of just these checks."""
        return (self.slug is not None) + len(self.tags) <= 1

    def matches(self, check: Check) -> bool:
        """Whether the check is asked for."""
        return (self.slug is None or check.slug == self.slug) and (
            not self.tags or self.tags.issubset(check.tags.split())
        )


class ProjectIndex:
    """What `put` brings is indexed when somebody reads (`advance`), as a check is pinged more often."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(8)  # of this index, among those of all processes and times
        self.loaded = False  # all checks of the project are in it
        self.refreshing = asyncio.Lock()  # held by whoever loads `outdated` checks again
        self.outdated: set[UUID] = set()  # other processes have changed them: to be loaded again
        self._entries: dict[UUID, IndexedCheck] = {}
        self._order: list[Key] = []
        self._by_slug: dict[str, list[Key]] = {}
        self._by_tag: dict[str, list[Key]] = {}
        self._dependents: dict[UUID, set[UUID]] = {}  # -> the checks that depend on it
        self._counts = StatusCounts()
        self._pending: dict[UUID, Check] = {}
        self._changed_while_loading: set[UUID] = set()
        self.revision = 0  # grows with every change, once all checks are loaded
        self._changed_at: dict[UUID, int] = {}  # -> the revision of the last change; the latest change last
        self._gone: dict[UUID, None] = {}  # those of them that left the project, the oldest first
        self._latest: datetime | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, id: UUID) -> bool:
        return id in self._entries or id in self._pending

    # -- changing

    def put(self, check: Check, now: datetime) -> None:
        """This is the check now."""
        if not self.loaded:
            self._changed_while_loading.add(check.id)
        self._pending[check.id] = check
        if len(self._pending) > MAX_PENDING:
            self._index_pending(now)

    def load(self, check: Check, now: datetime) -> None:
        """The check as it was read while the index is loaded; what was put meanwhile is newer."""
        if check.id not in self._changed_while_loading:
            self._index(check, now)

    def finish_loading(self) -> None:
        """Every check of the project has been loaded or put."""
        self.loaded = True
        self._changed_while_loading.clear()

    def remove(self, id: UUID) -> None:
        """The check was deleted, or is in another project now."""
        if not self.loaded:
            self._changed_while_loading.add(id)
        self._pending.pop(id, None)
        self.outdated.discard(id)
        entry = self._entries.pop(id, None)
        if entry is not None:
            self._take_out(entry)
            self._note_change(id)
            self._note_gone(id)

    def advance(self, now: datetime, at_most: int) -> bool:
        """Take in what has changed, and the time that has passed, a number of checks at most. Returns whether
        there is more to do.
        """
        self._latest = now if self._latest is None else max(now, self._latest)
        for _ in range(at_most):
            if self._pending:
                self._index_pending(now)
                continue
            look = self._counts.take_due(now)
            if look is None:
                return False
            moment, id = look
            entry = self._entries.get(id)
            if entry is not None and entry.next_look == moment:
                entry.next_look = None
                before = entry.status
                self._counts.look(entry, now)
                if entry.status != before:
                    self._note_change(id)
        return True

    def is_ahead_of(self, now: datetime) -> bool:
        """The clock was set back since: the counts are those of a later time."""
        return self._latest is not None and now < self._latest - _CLOCK_STEP

    # -- reading, after `advance`

    def counts(self, tag: str | None) -> Mapping[ShownStatus, int]:
        """How many checks with the tag (None: all) show which status."""
        return self._counts.of(tag)

    def tags(self) -> Iterable[str]:
        """The tags that some check has."""
        return self._by_tag.keys()

    def shown(self) -> Iterable[IndexedCheck]:
        """Every check with the status that it shows, in no order."""
        return self._entries.values()

    def find(self, id: UUID) -> IndexedCheck | None:
        """The check with the status that it shows."""
        return self._entries.get(id)

    def dependents(self, id: UUID) -> list[Check]:
        """The checks that depend on this one, the oldest first."""
        found = [self._entries[one].check for one in self._dependents.get(id, ())]
        return sorted(found, key=key_of)

    def changed_since(self, revision: int) -> list[UUID]:
        """The checks that were created, changed or deleted, or whose status has changed, after this revision,
        the latest first; of those that are gone the last MAX_GONE, more than anybody shows one by one.
        """
        return [id for id, at in takewhile(lambda one: one[1] > revision, reversed(self._changed_at.items()))]

    def select(
        self, selection: Selection, after: Key | None, limit: int, examined: int
    ) -> tuple[list[Check], Key | None]:
        """The next checks, the oldest first: `limit` at most, of the next `examined` ones; and where to
        continue, None if these were the last ones.
        """
        keys = self._narrowest(selection)
        start = 0 if after is None else bisect_right(keys, after)
        one_list = selection.is_one_list
        end = start + (min(limit, examined) if one_list else examined)
        found: list[Check] = []
        for position in range(start, min(end, len(keys))):
            check = self._entries[keys[position].id].check
            if one_list or selection.matches(check):
                found.append(check)
                if len(found) == limit:
                    end = position + 1
                    break
        return found, keys[end - 1] if end < len(keys) else None

    def _narrowest(self, selection: Selection) -> list[Key]:
        """The shortest list that has all that is selected."""
        lists = [self._by_tag.get(tag, []) for tag in selection.tags]
        if selection.slug is not None:
            lists.append(self._by_slug.get(selection.slug, []))
        return min(lists, key=len) if lists else self._order

    # -- indexing

    def _index_pending(self, now: datetime) -> None:
        check = self._pending.pop(next(iter(self._pending)))
        self._index(check, now)

    def _note_change(self, id: UUID) -> None:
        if self.loaded:
            self.revision += 1
            self._changed_at.pop(id, None)
            self._changed_at[id] = self.revision

    def _note_gone(self, id: UUID) -> None:
        self._gone[id] = None
        if len(self._gone) > MAX_GONE:
            oldest = next(iter(self._gone))
            del self._gone[oldest]
            self._changed_at.pop(oldest, None)

    def _index(self, check: Check, now: datetime) -> None:
        self._note_change(check.id)
        self._gone.pop(check.id, None)
        entry = self._entries.get(check.id)
        if entry is not None and _is_listed_alike(check, entry.check):
            entry.check = check
            self._counts.look(entry, now)
        else:
            if entry is not None:
                self._take_out(entry)
            self._entries[check.id] = entry = IndexedCheck(check, now)
            self._put_in(entry)
        self._counts.drop_spare_looks(self._entries)

    def _put_in(self, entry: IndexedCheck) -> None:
        key = key_of(entry.check)
        insort(self._order, key)
        if entry.check.slug:
            insort(self._by_slug.setdefault(entry.check.slug, []), key)
        for tag in entry.tags:
            insort(self._by_tag.setdefault(tag, []), key)
        for other in entry.check.depends_on:
            self._dependents.setdefault(other, set()).add(entry.check.id)
        self._counts.add(entry)

    def _take_out(self, entry: IndexedCheck) -> None:
        key = key_of(entry.check)
        _delete(self._order, key)
        if entry.check.slug and not _delete(self._by_slug[entry.check.slug], key):
            del self._by_slug[entry.check.slug]
        for tag in entry.tags:
            if not _delete(self._by_tag[tag], key):
                del self._by_tag[tag]
        for other in entry.check.depends_on:
            self._dependents[other].discard(entry.check.id)
            if not self._dependents[other]:
                del self._dependents[other]
        self._counts.remove(entry)


def _is_listed_alike(one: Check, other: Check) -> bool:
    """Whether both states of a check are found in the same lists."""
    return (one.slug, one.tags, one.depends_on) == (other.slug, other.tags, other.depends_on)


def _delete(keys: list[Key], key: Key) -> list[Key]:
    """The sorted keys without this one."""
    del keys[bisect_left(keys, key)]
    return keys
