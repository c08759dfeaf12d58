"""The API's list of checks, and new checks."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID as Uuid

import msgspec

from handlers.api.base import UUID, Routes, requires, route
from handlers.api.check_base import CheckApiHandler
from handlers.api.operation import describes
from handlers.api.query import read_limit
from handlers.api.schemas import CURSOR, PAGE_SIZE, TEXT, listed, ref
from hcserver.domain.check import Check
from hcserver.domain.clock import EPOCH
from hcserver.errors import InvalidRequest
from hcserver.services.reading.indexed_check import Key, behind
from hcserver.services.reading.project_index import Selection
from hcserver.validation.check import SCHEMA, parse_spec
from hcserver.validation.query import Query

_PER_TURN = 200  # checks written out, at most some 5 ms, before others get their turn
_CURSOR = re.compile(rf"([0-9]{{1,14}})-{UUID}")


class ChecksHandler(CheckApiHandler):
    """checks/"""

    @requires("read")
    @describes(
        "List checks, the oldest first",
        {200: listed("checks", "Check", paged=True), 304: None},
        query={"slug": TEXT, "tag": {"type": "array", "items": TEXT}, "limit": PAGE_SIZE, "after": CURSOR},
    )
    async def get(self) -> None:
        """The project's checks: filtered by ?slug= and any number of ?tag=."""
        query = self.query()
        slugs, tags = _storable("slug", query), _storable("tag", query)
        limit, after = read_limit(query), _read_cursor(query)
        selection = Selection((slugs[-1] if slugs else None) or None, frozenset(tags))
        reader = self.services.project_reader
        if limit is None:
            await self._write_list(await reader.checks(self.project.id, selection, after), b"}")
            return
        checks = await reader.checks(self.project.id, selection, after, limit + 1)
        following = _cursor_after(checks[limit - 1]) if len(checks) > limit else None
        await self._write_list(checks[:limit], b',"next":' + msgspec.json.encode(following) + b"}")

    @requires("write")
    @describes(
        "Create a check, or change the one whose unique fields match",
        {200: ref("Check"), 201: ref("Check"), 403: ref("Error")},
        body=SCHEMA,
    )
    async def post(self) -> None:
        spec = parse_spec(self.data, self.version)
        check, created = await self.services.check_editor.create(self.project, spec)
        self.write_check(check, 201 if created else 200)

    async def _write_list(self, checks: list[Check], end: bytes) -> None:
        """Answer with the list, which ends with `end`, or with 304 to a client that has it."""
        pieces = [b'{"checks":[']
        digest = hashlib.sha256(pieces[0])
        for start in range(0, len(checks), _PER_TURN):
            documents = map(self.check_document, checks[start : start + _PER_TURN])
            pieces.append((b"," if start else b"") + b",".join(documents))
            digest.update(pieces[-1])
            await asyncio.sleep(0)
        pieces.append(b"]" + end)
        digest.update(pieces[-1])
        etag = f'"{digest.hexdigest()[:32]}"'
        self.set_header("ETag", etag)
        if _matches(self.request.headers.get("If-None-Match", ""), etag):
            self.set_status(304)
            return
        self.set_header("Content-Type", "application/json")
        for piece in pieces:
            self.write(piece)


def _cursor_after(check: Check) -> str:
    """Where a page ends: the check's place in the order, which outlives the check. Without the id, which keys
    that only read must not learn.
    """
    return f"{(check.created - EPOCH) // timedelta(milliseconds=1)}-{check.badge}"


def _read_cursor(query: Query) -> Key | None:
    after = query.get("after", [""])[-1]
    if not after:
        return None
    match = _CURSOR.fullmatch(after)
    if match is None:
        raise InvalidRequest("after is not the next of an earlier answer")
    return behind(EPOCH + timedelta(milliseconds=int(match[1])), Uuid(match[2]))


def _storable(name: str, query: Query) -> Sequence[str]:
    texts = query.get(name, ())
    if any("\0" in text for text in texts):
        raise InvalidRequest(f"{name} contains characters that can't be stored")
    return texts


def _matches(if_none_match: str, etag: str) -> bool:
    """RFC 9110 section 13.1.2, by weak comparison."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


ROUTES: Routes = [(route(r"checks/"), ChecksHandler)]
