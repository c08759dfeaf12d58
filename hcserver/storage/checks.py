"""The checks, each one document: settings, state, a revision that guards its writes, and an outbox."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pymongo
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from hcserver.domain.alert import Alert
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.identifiers import unique_key as unique_key
from hcserver.domain.state_machine import Step
from hcserver.storage.client import IN_LIMIT, batches, translated
from hcserver.storage.flips import flip_document, flip_of
from hcserver.storage.records import from_document, plain, to_document


class Outbox(msgspec.Struct, frozen=True):
    """The flips and alerts of a check that are not yet in their own collections."""

    flips: tuple[Flip, ...] = ()
    alerts: tuple[Alert, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.flips or self.alerts)

    def plus(self, step: Step) -> Outbox:
        """With the flip and the alert of a step."""
        if step.flip is None and step.alert is None:
            return self
        flips = self.flips if step.flip is None else (*self.flips, step.flip)
        alerts = self.alerts if step.alert is None else (*self.alerts, step.alert)
        return Outbox(flips, alerts)

    def minus(self, sent: Outbox) -> Outbox:
        """Without the flips and alerts that were sent."""
        return Outbox(
            tuple(flip for flip in self.flips if flip not in sent.flips),
            tuple(alert for alert in self.alerts if alert not in sent.alerts),
        )


class CheckNumbers(NamedTuple):
    """How many flips and alerts a check's document counts; there may be more of both."""

    id: UUID
    n_flips: int
    n_alerts: int


class Stored(msgspec.Struct, frozen=True):
    """A check as the database has it."""

    check: Check
    rev: int
    outbox: Outbox = Outbox()


class Write(msgspec.Struct, frozen=True):
    """A guarded change: `check` takes the place of `base` if its revision is still `rev`, which grows."""

    base: Check
    check: Check
    rev: int
    outbox: Outbox = Outbox()


class CheckStore:
    """Checks by id, by project and slug, and by when they are due; by other identifiers through `aliases`."""

    def __init__(self, database: Any) -> None:
        self._checks = database["checks"]
        self._aliases = database["aliases"]
        # Distinguishes a write from every other one that led to the same revision: that of another process,
        # or an earlier one of ours that timed out but was carried out nevertheless.
        self._writer = secrets.token_hex(6)
        self._writes = 0

    async def insert(self, check: Check) -> None:
        """Store a new check. Its aliases are stored first: an alias without a check does no harm."""
        aliases = {unique_key(check.id): check.id, check.badge.hex: check.id}
        document = to_document(check)
        document["rev"] = 1
        if check.due is not None:
            document["due"] = check.due
        with translated("create a check"):
            try:
                documents = [{"_id": alias, "check": id} for alias, id in aliases.items()]
                await self._aliases.insert_many(documents, ordered=False)
            except BulkWriteError:
                # They may be left of an attempt to create the check that was cut short.
                if await self.aliased_all(aliases) != aliases:
                    raise
            await self._checks.insert_one(document)

    async def insert_all(self, checks: Sequence[Check]) -> None:
        """Store new checks with two commands, as `insert` does with one of them."""
        aliases = [
            {"_id": alias, "check": check.id}
            for check in checks
            for alias in (unique_key(check.id), check.badge.hex)
        ]
        documents = [
            to_document(check) | {"rev": 1} | ({} if check.due is None else {"due": check.due})
            for check in checks
        ]
        with translated("create checks"):
            await self._aliases.insert_many(aliases, ordered=False)
            await self._checks.insert_many(documents)

    async def load(self, ids: Iterable[UUID]) -> dict[UUID, Stored]:
        """The checks with these ids that exist."""
        found: dict[UUID, Stored] = {}
        for some in batches(ids):
            with translated("read checks"):
                async for document in self._checks.find({"_id": {"$in": some}}):
                    stored = _stored(document)
                    found[stored.check.id] = stored
        return found

    async def of_project(self, project: UUID, slug: str | None = None) -> list[Stored]:
        """The checks of a project (with `slug` those with this slug), the oldest first."""
        found: list[Stored] = []
        async for piece in self.pieces_of_project(project, slug):
            found += piece
        return sorted(found, key=lambda stored: (stored.check.created, stored.check.badge))

    async def pieces_of_project(self, project: UUID, slug: str | None = None) -> AsyncIterator[list[Stored]]:
        """The checks of a project (with `slug` those with this slug) in any order and in small pieces, so
        that the process can do something else in between.
        """
        # The query has no other field: the embedded server uses an index only if it has all fields.
        query = {"project": project} if slug is None else {"project": project, "slug": slug}
        with translated("read checks"):
            async for piece in _pieces(self._checks.find(query, batch_size=_BATCH), _PIECE):
                yield piece

    async def slugs_taken(self, project: UUID, slugs: Iterable[str]) -> set[str]:
        """Those of the slugs that checks of the project have."""
        taken: set[str] = set()
        for some in batches(slugs):
            with translated("look up slugs"):
                query = {"project": project, "slug": {"$in": some}}
                taken.update([document["slug"] async for document in self._checks.find(query, {"slug": 1})])
        return taken

    async def count(self, project: UUID) -> int:
        with translated("count checks"), pymongo.timeout(SCAN_TIME):
            return int(await self._checks.count_documents({"project": project}))

    async def aliased(self, alias: str) -> UUID | None:
        """The id of the check with this unique_key, or with this badge (32 hex digits)."""
        with translated("look up a check"):
            document = await self._aliases.find_one({"_id": alias})
        return None if document is None else document["check"]

    async def aliased_all(self, aliases: Iterable[str]) -> dict[str, UUID]:
        """The ids of the checks with these identifiers, as `aliased` finds them, by identifier."""
        found: dict[str, UUID] = {}
        for some in batches(aliases):
            with translated("look up checks"):
                async for document in self._aliases.find({"_id": {"$in": some}}):
                    found[document["_id"]] = document["check"]
        return found

    async def write(self, writes: Sequence[Write]) -> set[UUID]:
        """Carry out guarded changes; returns the ids of those that met another revision and were not made."""
        self._writes += 1
        writer = f"{self._writer}{self._writes:x}"
        operations = [UpdateOne({"_id": w.base.id, "rev": w.rev}, _update(w, writer)) for w in writes]
        with translated("write checks"):
            result = await self._checks.bulk_write(operations, ordered=False)
            if result.matched_count == len(writes):
                return set()
            missed = {w.base.id: w.rev + 1 for w in writes}
            cursor = self._checks.find({"_id": {"$in": list(missed)}}, {"rev": 1, "writer": 1})
            async for document in cursor:
                if (document["rev"], document.get("writer")) == (missed[document["_id"]], writer):
                    del missed[document["_id"]]
        return set(missed)

    async def due(
        self, until: datetime, limit: int, after: datetime | None = None
    ) -> list[tuple[UUID, datetime]]:
        """Checks that are due at `until` or before (and later than `after`), with their moments, the earliest
        first.
        """
        moment = {"$lte": until} if after is None else {"$gt": after, "$lte": until}
        with translated("look for due checks"):
            cursor = self._checks.find({"due": moment}, {"due": 1}).sort("due", 1).limit(limit)
            return [(document["_id"], document["due"]) async for document in cursor]

    async def scan(self) -> AsyncIterator[list[Stored]]:
        """All checks, in batches."""
        with translated("read all checks"):
            async for batch in _pieces(self._checks.find({}, batch_size=_BATCH), IN_LIMIT):
                yield batch

    async def numbers(self, at_once: int) -> AsyncIterator[list[CheckNumbers]]:
        """How much history all checks have, so many checks at a time."""
        cursor = self._checks.find({}, {"n_flips": 1, "n_alerts": 1}, batch_size=_BATCH)
        with translated("read all checks"):
            while documents := await _next_documents(cursor):
                for some in batches(documents, at_once):
                    yield [
                        CheckNumbers(one["_id"], one.get("n_flips", 0), one.get("n_alerts", 0))
                        for one in some
                    ]

    async def delete(self, check: Check) -> bool:
        """Remove a check and its aliases; returns whether the check existed."""
        with translated("delete a check"):
            gone = await self._checks.delete_one({"_id": check.id})
            await self._aliases.delete_many({"_id": {"$in": [unique_key(check.id), check.badge.hex]}})
        return bool(gone.deleted_count)


# Seconds for each piece, instead of the time of other operations: before the first one the embedded server
# reads everything that a query finds, which takes some 40 us a check, and longer on a busy machine.
SCAN_TIME = 120.0
_BATCH = 1000  # checks in one reply of the database, which is decoded in one step of about 20 ms
_PIECE = 200  # checks made of documents in one step, of some 5 ms
_FIELDS = Check.__struct_fields__
_NATIVE = (UUID, datetime)  # types that BSON has


async def _pieces(cursor: Any, size: int) -> AsyncIterator[list[Stored]]:
    """The checks that a cursor finds, `size` at a time."""
    while documents := await _next_documents(cursor):
        for some in batches(documents, size):
            yield list(map(_stored, some))


async def _next_documents(cursor: Any) -> list[dict[str, Any]]:
    # In one call: to await each document takes as long as to make a check of it.
    with pymongo.timeout(SCAN_TIME):
        return list(await cursor.to_list(_BATCH))


def _update(write: Write, writer: str) -> dict[str, Any]:
    changed: dict[str, Any] = {"rev": write.rev + 1, "writer": writer}
    absent: dict[str, Any] = {}
    for name in _FIELDS:
        value = getattr(write.check, name)
        if value != getattr(write.base, name):
            _put(name, plain(value), changed, absent)
    if write.check.due != write.base.due:
        _put("due", write.check.due, changed, absent)
    _put("flips", [flip_document(flip) for flip in write.outbox.flips] or None, changed, absent)
    alerts = [msgspec.to_builtins(alert, builtin_types=_NATIVE) for alert in write.outbox.alerts]
    _put("alerts", alerts or None, changed, absent)
    return {"$set": changed, "$unset": absent} if absent else {"$set": changed}


def _put(name: str, value: Any, changed: dict[str, Any], absent: dict[str, Any]) -> None:
    """Set a field of a document, or remove it if there is no value."""
    if value is None:
        absent[name] = 1
    else:
        changed[name] = value


def _stored(document: dict[str, Any]) -> Stored:
    rev = document.pop("rev")
    document.pop("writer", None)
    document.pop("due", None)
    flips = tuple(map(flip_of, document.pop("flips", ())))
    alerts = tuple(msgspec.convert(alert, Alert) for alert in document.pop("alerts", ()))
    return Stored(from_document(document, Check), rev, Outbox(flips, alerts))
