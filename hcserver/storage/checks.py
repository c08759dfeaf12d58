"""The checks, each one document: settings, state, a revision that guards its writes, and flips not yet published."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pymongo import UpdateOne

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.storage.client import IN_LIMIT, batches, translated
from hcserver.storage.flips import flip_document, flip_of


class Stored(msgspec.Struct, frozen=True):
    """A check as the database has it. `flips` are part of the state but not yet in the flips collection."""

    check: Check
    rev: int
    flips: tuple[Flip, ...] = ()


class Write(msgspec.Struct, frozen=True):
    """A guarded change: `check` takes the place of `base` if the revision is still `rev`, which grows by one."""

    base: Check
    check: Check
    rev: int
    flips: tuple[Flip, ...]


class CheckStore:
    """Checks by id, by project and slug, by the moment they go down; other identifiers by way of `aliases`."""

    def __init__(self, database: Any) -> None:
        self._checks = database["checks"]
        self._aliases = database["aliases"]
        # Together with the revision it tells our own write from another process's of the same number.
        self._writer = secrets.token_hex(6)

    async def insert(self, check: Check) -> None:
        """Store a new check. Its aliases come first: one without a check is harmless, the reverse is not."""
        aliases = [
            {"_id": unique_key(check.id), "check": check.id},
            {"_id": check.badge.hex, "check": check.id},
        ]
        document = {_FIELD_NAMES.get(name, name): _value(getattr(check, name)) for name in _FIELDS}
        document = {name: value for name, value in document.items() if value is not None}
        document["rev"] = 1
        with translated("create a check"):
            await self._aliases.insert_many(aliases, ordered=False)
            await self._checks.insert_one(document)

    async def load(self, ids: Iterable[UUID]) -> dict[UUID, Stored]:
        """Those of the checks that exist."""
        found: dict[UUID, Stored] = {}
        for some in batches(ids):
            with translated("read checks"):
                async for document in self._checks.find({"_id": {"$in": some}}):
                    stored = _stored(document)
                    found[stored.check.id] = stored
        return found

    async def of_project(self, project: UUID, slug: str | None = None) -> list[Stored]:
        """The checks of a project (or those with this slug), oldest first."""
        # Nothing else is asked for here: the embedded server uses an index only when it has all that is asked.
        query = {"project": project} if slug is None else {"project": project, "slug": slug}
        with translated("read checks"):
            documents = await self._checks.find(query).to_list(None)
        return sorted(map(_stored, documents), key=lambda stored: (stored.check.created, stored.check.id))

    async def count(self, project: UUID) -> int:
        with translated("count checks"):
            return int(await self._checks.count_documents({"project": project}))

    async def aliased(self, alias: str) -> UUID | None:
        """The id of the check with this unique_key, or with this badge (32 hex digits)."""
        with translated("look up a check"):
            document = await self._aliases.find_one({"_id": alias})
        return None if document is None else document["check"]

    async def write(self, writes: Sequence[Write]) -> set[UUID]:
        """Carry out guarded changes; the ids of those that met another revision and changed nothing."""
        operations = [UpdateOne({"_id": w.base.id, "rev": w.rev}, self._update(w)) for w in writes]
        with translated("write checks"):
            result = await self._checks.bulk_write(operations, ordered=False)
            if result.matched_count == len(writes):
                return set()
            missed = {w.base.id: w.rev + 1 for w in writes}
            cursor = self._checks.find({"_id": {"$in": list(missed)}}, {"rev": 1, "writer": 1})
            async for document in cursor:
                if (document["rev"], document.get("writer")) == (missed[document["_id"]], self._writer):
                    del missed[document["_id"]]
        return set(missed)

    def _update(self, write: Write) -> dict[str, Any]:
        changed: dict[str, Any] = {"rev": write.rev + 1, "writer": self._writer}
        absent: dict[str, Any] = {}
        for name in _FIELDS:
            value = getattr(write.check, name)
            if value != getattr(write.base, name):
                if value is None:
                    absent[name] = 1
                else:
                    changed[name] = _value(value)
        if write.flips:
            changed["flips"] = [flip_document(flip) for flip in write.flips]
        else:
            absent["flips"] = 1
        return {"$set": changed, "$unset": absent} if absent else {"$set": changed}

    async def due(self, until: datetime, limit: int) -> list[tuple[UUID, datetime]]:
        """Checks that go down at `until` or before, the earliest first."""
        query = {"alert_after": {"$lte": until}}
        with translated("look for due checks"):
            cursor = self._checks.find(query, {"alert_after": 1}).sort("alert_after", 1).limit(limit)
            return [(document["_id"], document["alert_after"]) async for document in cursor]

    async def scan(self) -> AsyncIterator[list[Stored]]:
        """Every check there is, in batches."""
        with translated("read all checks"):
            batch: list[Stored] = []
            async for document in self._checks.find({}, batch_size=1000):
                batch.append(_stored(document))
                if len(batch) == IN_LIMIT:
                    yield batch
                    batch = []
            if batch:
                yield batch

    async def delete(self, check: Check) -> bool:
        """Remove a check and its aliases. False: it was gone already."""
        with translated("delete a check"):
            gone = await self._checks.delete_one({"_id": check.id})
            await self._aliases.delete_many({"_id": {"$in": [unique_key(check.id), check.badge.hex]}})
        return bool(gone.deleted_count)


def unique_key(id: UUID) -> str:
    """The identifier that read-only keys see: SHA-1 of the first 16 hex digits of the id."""
    return hashlib.sha1(id.hex[:16].encode(), usedforsecurity=False).hexdigest()


_FIELDS = Check.__struct_fields__
_FIELD_NAMES = {"id": "_id"}


def _value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _stored(document: dict[str, Any]) -> Stored:
    rev = document.pop("rev")
    document.pop("writer", None)
    flips = tuple(map(flip_of, document.pop("flips", ())))
    document["id"] = document.pop("_id")
    return Stored(msgspec.convert(document, Check), rev, flips)
