"""The ping log: the write-ahead log of everything that pings change (see services/intake)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from pymongo.errors import BulkWriteError

from hcserver.domain.ping import LoggedToken, Ping
from hcserver.storage.checks import Stored
from hcserver.storage.client import DUPLICATE_KEY, IN_LIMIT, batches, entry_id, entry_of, translated

_NO_BODY = {"body": 0}
# The embedded server compares each id of an $in with each document that it finds: a ping takes 190 us with
# 100 ids, 150 us with 50, and with 20, for which there are more commands, 150 us as well. A range of _id
# makes it scan the collection.
_READ_TOGETHER = 50
_FIRST_OF_TAIL = 10  # pings: mostly there are fewer, and then one short command is enough


class Claimed(Exception):
    """Another process has appended this number first. The pings before `index` were appended."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class PingLog:
    """Pings by (check, n), which is their _id."""

    def __init__(self, database: Any) -> None:
        self._pings = database["pings"]

    async def append(self, pings: Sequence[Ping]) -> None:
        """Append in order and durably.

        Raises Claimed, or Unavailable (then some of the first ones may have been stored).
        """
        with translated("append pings"):
            try:
                await self._pings.insert_many([_document(ping) for ping in pings], ordered=True)
            except BulkWriteError as error:
                details = error.details or {}
                errors = details.get("writeErrors") or []
                durable = not details.get("writeConcernErrors")
                if durable and errors and errors[0].get("code") == DUPLICATE_KEY:
                    raise Claimed(errors[0]["index"]) from None
                raise

    async def tokens(
        self, places: Iterable[tuple[UUID, int]], together: int = IN_LIMIT
    ) -> dict[tuple[UUID, int], bytes]:
        """The tokens of the pings that exist at these places of the log, looked for so many at a time: many
        are fast where few exist.
        """
        found: dict[tuple[UUID, int], bytes] = {}
        for ids in batches((entry_id(check, n) for check, n in places), together):
            with translated("read pings"):
                async for document in self._pings.find({"_id": {"$in": ids}}, {"token": 1}):
                    found[entry_of(document["_id"])] = bytes(document.get("token", b""))
        return found

    async def logged(self, places: Iterable[tuple[UUID, int]]) -> dict[UUID, list[LoggedToken]]:
        """Number, moment and token of the pings in those places, by check, oldest first."""
        found: dict[UUID, list[LoggedToken]] = {}
        fields = {"check": 1, "n": 1, "at": 1, "token": 1, "scheme": 1}
        for ids in batches(entry_id(check, n) for check, n in places):
            with translated("read pings"):
                async for document in self._pings.find({"_id": {"$in": ids}}, fields):
                    logged = LoggedToken(
                        document["n"],
                        document["at"],
                        bytes(document.get("token", b"")),
                        document["scheme"] == "email",
                    )
                    found.setdefault(document["check"], []).append(logged)
        for tail in found.values():
            tail.sort(key=lambda logged: logged.n)
        return found

    async def behind(self, checks: Iterable[Stored]) -> set[UUID]:
        """The checks whose logs have more pings than they count, found by one indexed query for each."""
        places = [(stored.check.id, stored.check.n_pings + 1) for stored in checks]
        return {check for check, _ in await self.tokens(places)}

    async def tail(self, check: UUID, after: int) -> list[Ping]:
        """All pings with n > `after`, oldest first, without bodies.

        Numbers have no gaps: the first number that is missing ends the log.
        """
        pings: list[Ping] = []
        size = _FIRST_OF_TAIL
        while True:
            first = after + len(pings) + 1
            page = await self.read(check, range(first, first + size))
            pings += page
            if len(page) < size:
                return pings
            size = IN_LIMIT

    async def read(self, check: UUID, numbers: Iterable[int]) -> list[Ping]:
        """Those of the pings with these numbers, from 1 on and in order, that exist, without bodies."""
        pings: list[Ping] = []
        for ids in batches((entry_id(check, n) for n in numbers), _READ_TOGETHER):
            with translated("read pings"):
                documents = await self._pings.find({"_id": {"$in": ids}}, _NO_BODY).to_list(None)
            pings += sorted(map(_ping, documents), key=lambda ping: ping.n)
        return pings

    async def failures(self, check: UUID, first: int, last: int) -> list[int]:
        """The numbers of the failures with first <= n <= last, in order."""
        found: list[int] = []
        for ids in batches(entry_id(check, n) for n in range(first, last + 1)):
            with translated("look for failures"):
                cursor = self._pings.find({"_id": {"$in": ids}, "type": "fail"}, {"n": 1})
                found += [document["n"] async for document in cursor]
        return sorted(found)

    async def get(self, check: UUID, n: int) -> Ping | None:
        """One ping with its body."""
        with translated("read a ping"):
            document = await self._pings.find_one({"_id": entry_id(check, n)})
        return None if document is None else _ping(document)

    async def bodies(self, check: UUID, ns: Iterable[int]) -> dict[int, bytes]:
        """The bodies of those of these pings that have one, by n."""
        found: dict[int, bytes] = {}
        for ids in batches(entry_id(check, n) for n in ns):
            with translated("read the bodies of pings"):
                async for document in self._pings.find({"_id": {"$in": ids}}, {"n": 1, "body": 1}):
                    if document.get("body"):
                        found[document["n"]] = bytes(document["body"])
        return found

    async def empty(self, check: UUID, first: int, last: int) -> None:
        """Remove what pings with first <= n <= last say and who sent them; the pings keep their places."""
        nothing = {"$unset": dict.fromkeys(_SAID, 1), "$set": {"ua": "", "remote_addr": "", "method": ""}}
        for ids in batches(entry_id(check, n) for n in range(first, last + 1)):
            with translated("clear pings"):
                await self._pings.update_many({"_id": {"$in": ids}}, nothing)

    async def delete(self, check: UUID, first: int, last: int) -> int:
        """Remove pings with first <= n <= last; returns how many there were."""
        return await self.delete_each(check, range(first, last + 1))

    async def delete_each(self, check: UUID, numbers: Iterable[int]) -> int:
        """Remove the pings with these numbers; returns how many there were."""
        removed = 0
        for ids in batches(entry_id(check, n) for n in numbers):
            with translated("prune pings"):
                removed += (await self._pings.delete_many({"_id": {"$in": ids}})).deleted_count
        return removed


_SIZES = ("body_size", "cut_before", "cut_after")
_SAID = ("body", *_SIZES, "subject", "sender", "reason")
_OPTIONAL = ("rid", "exit_status", "body", "subject", "sender")


def _document(ping: Ping) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": entry_id(ping.check, ping.n),
        "check": ping.check,
        "n": ping.n,
        "at": ping.at,
        "type": ping.type,
        "scheme": ping.scheme,
        "remote_addr": ping.remote_addr,
        "method": ping.method,
        "ua": ping.ua,
        "token": ping.token,
    }
    for name in _OPTIONAL:
        value = getattr(ping, name)
        if value is not None:
            document[name] = value
    for name in _SIZES:
        if size := getattr(ping, name):
            document[name] = size
    if ping.reason is not None:
        document["reason"] = msgspec.to_builtins(ping.reason)
    return document


def _ping(document: dict[str, Any]) -> Ping:
    return msgspec.convert(document, Ping)
