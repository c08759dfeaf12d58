"""The API's checks: the collection, single ones, their pings and flips."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from handlers.api.base import UNIQUE_KEY_PATTERN, UUID_PATTERN, Call, Endpoint, endpoint, json_response
from handlers.api.payloads import check_document, flip_document, ping_document
from handlers.ping.exchange import Response
from hcserver.domain.check import Check
from hcserver.domain.clock import EPOCH
from hcserver.domain.ping import Ping
from hcserver.domain.runs import RunMatcher
from hcserver.errors import InvalidRequest, NotFound
from hcserver.validation import query as queries
from hcserver.validation.check import parse_spec

MAX_PAGE = 1000
_PER_TURN = 200  # checks written out, some 5 ms, before others get their turn
_LOOK_BACK = 100  # pings read at a time in search of the starts of runs
_NUMBER = re.compile(r"[0-9]{1,11}")
_CHECK_CURSOR = re.compile(rf"([0-9]{{1,14}})-{UUID_PATTERN}")
_MAX_SECONDS = 31_536_000


def document_of(call: Call, check: Check) -> dict[str, Any]:
    """The check as the key may see it."""
    return check_document(check, call.services.clock(), call.base_url, call.version, call.writable)


async def list_checks(call: Call) -> Response:
    """GET checks/: filtered by ?slug= and any number of ?tag=."""
    query = call.query()
    slugs, tags = _storable("slug", query), _storable("tag", query)
    limit, after = limit_asked(query), _check_cursor(query)
    slug = slugs[-1] if slugs else None
    checks = await call.services.checks.of_project(call.project.id, slug or None, tags)
    if after is not None:
        checks = [check for check in checks if (check.created, check.id) > after]
    page: dict[str, Any] = {}
    if limit is not None:
        page["next"] = _cursor_behind(checks[limit - 1]) if len(checks) > limit else None
        checks = checks[:limit]
    documents: list[dict[str, Any]] = []
    for start in range(0, len(checks), _PER_TURN):
        documents += [document_of(call, check) for check in checks[start : start + _PER_TURN]]
        await asyncio.sleep(0)
    response = json_response({"checks": documents, **page})
    etag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    if _matches(call.request.headers.get("If-None-Match", ""), etag):
        return Response(304, b"", {"ETag": etag})
    return response


async def create_check(call: Call) -> Response:
    """POST checks/"""
    spec = parse_spec(call.data, call.version)
    check, created = await call.services.check_editor.create(call.project, spec)
    return json_response(document_of(call, check), 201 if created else 200)


async def get_check(call: Call) -> Response:
    """GET checks/<uuid or unique_key>"""
    return json_response(document_of(call, await find_check(call)))


async def update_check(call: Call) -> Response:
    """POST checks/<uuid>"""
    # Whether it is there and whose it is comes before what is wrong with the request.
    check = await find_check(call)
    spec = parse_spec(call.data, call.version)
    check = await call.services.check_editor.update(call.project, check.id, spec)
    return json_response(document_of(call, check))


async def delete_check(call: Call) -> Response:
    """DELETE checks/<uuid>"""
    check = await call.services.check_deletion.delete(call.project, _id(call))
    return json_response(document_of(call, check))


async def pause_check(call: Call) -> Response:
    """POST checks/<uuid>/pause"""
    return json_response(document_of(call, await call.services.check_editor.pause(call.project, _id(call))))


async def resume_check(call: Call) -> Response:
    """POST checks/<uuid>/resume"""
    return json_response(document_of(call, await call.services.check_editor.resume(call.project, _id(call))))


async def list_pings(call: Call) -> Response:
    """GET checks/<uuid>/pings/"""
    check = await find_check(call)
    query = call.query()
    kept = call.services.checks.pings_kept(call.project)
    limit = limit_asked(query)
    oldest = max(check.n_pings - kept + 1, 1)
    before = _number_cursor(query)
    newest = check.n_pings if before is None else min(before - 1, check.n_pings)
    count = max(min(limit or kept, newest - oldest + 1), 0)
    pings = await call.services.checks.pings(check, count, newest + 1)
    durations = await _durations(call, check, pings)
    documents = [ping_document(ping, durations, call.base_url, call.version) for ping in pings]
    page = {} if limit is None else {"next": str(pings[-1].n) if pings and pings[-1].n > oldest else None}
    return json_response({"pings": documents, **page})


async def get_body(call: Call) -> Response:
    """GET checks/<uuid>/pings/<n>/body"""
    check = await find_check(call)
    # No ping has a number of more digits than this.
    n = int(call.arguments[1]) if _NUMBER.fullmatch(call.arguments[1]) else 0
    if n <= check.n_pings - call.services.checks.pings_kept(call.project):
        raise NotFound("not found")
    ping = await call.services.checks.ping(check, n)
    if not ping.body:
        raise NotFound("not found")
    return Response(200, ping.body, {"Content-Type": "text/plain", "X-Content-Type-Options": "nosniff"})


async def list_flips(call: Call) -> Response:
    """GET checks/<uuid or unique_key>/flips/"""
    check = await find_check(call)
    query = call.query()
    start, end = queries.moment(query, "start"), queries.moment(query, "end")
    seconds = queries.number(query, "seconds", 0, _MAX_SECONDS) if query.get("seconds", [""])[-1] else None
    if seconds is not None:
        recent = call.services.clock() - timedelta(seconds=seconds)
        start = recent if start is None else max(start, recent)
    limit, before = limit_asked(query), _number_cursor(query)
    flips = await call.services.checks.flips(check, start, end)
    flips = [flip for flip in flips if before is None or flip.n < before]
    page: dict[str, Any] = {}
    if limit is not None:
        page["next"] = str(flips[limit - 1].n) if len(flips) > limit else None
        flips = flips[:limit]
    return json_response({"flips": [flip_document(flip) for flip in flips], **page})


async def find_check(call: Call) -> Check:
    """The check that the path names. Raises NotFound, Forbidden."""
    identifier = call.arguments[0]
    if len(identifier) == 40:
        return await call.services.checks.by_unique_key(call.project, identifier)
    return await call.services.checks.get(call.project, UUID(identifier))


def _id(call: Call) -> UUID:
    return UUID(call.arguments[0])


async def _durations(call: Call, check: Check, pings: list[Ping]) -> dict[int, float]:
    """The durations of these pings; where the start lies further back the log is read on, as far as kept."""
    matcher = RunMatcher()
    for ping in pings:
        matcher.add(ping)
    durations = dict(matcher.durations)
    shown = {ping.n for ping in pings}
    while matcher.unresolved and pings:
        pings = await call.services.checks.pings(check, _LOOK_BACK, pings[-1].n)
        for ping in pings:
            matcher.add(ping)
    durations.update({n: seconds for n, seconds in matcher.durations.items() if n in shown})
    return durations


def limit_asked(query: dict[str, list[str]]) -> int | None:
    """?limit=, if there is one. Raises InvalidRequest."""
    return queries.number(query, "limit", 1, MAX_PAGE)


def _number_cursor(query: dict[str, list[str]]) -> int | None:
    return queries.number(query, "after", 0, 10**11) if query.get("after", [""])[-1] else None


def _cursor_behind(check: Check) -> str:
    """Where a page ends: the check's place in the order, which outlives the check."""
    return f"{(check.created - EPOCH) // timedelta(milliseconds=1)}-{check.id}"


def _check_cursor(query: dict[str, list[str]]) -> tuple[datetime, UUID] | None:
    after = query.get("after", [""])[-1]
    if not after:
        return None
    match = _CHECK_CURSOR.fullmatch(after)
    if match is None:
        raise InvalidRequest("after is not the next of an earlier answer")
    return EPOCH + timedelta(milliseconds=int(match[1])), UUID(match[2])


def _storable(name: str, query: dict[str, list[str]]) -> list[str]:
    texts = query.get(name, [])
    if any("\0" in text for text in texts):
        raise InvalidRequest(f"{name} contains characters that can't be stored")
    return texts


def _matches(if_none_match: str, etag: str) -> bool:
    """RFC 9110 section 13.1.2, by weak comparison."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


ENDPOINTS: list[Endpoint] = [
    endpoint(r"checks/", GET=("read", list_checks), POST=("write", create_check)),
    endpoint(
        rf"checks/{UUID_PATTERN}",
        GET=("read", get_check),
        POST=("write", update_check),
        DELETE=("write", delete_check),
    ),
    endpoint(rf"checks/{UNIQUE_KEY_PATTERN}", GET=("read", get_check)),
    endpoint(rf"checks/{UUID_PATTERN}/pause", POST=("write", pause_check)),
    endpoint(rf"checks/{UUID_PATTERN}/resume", POST=("write", resume_check)),
    endpoint(rf"checks/{UUID_PATTERN}/pings/", GET=("write", list_pings)),
    endpoint(rf"checks/{UUID_PATTERN}/pings/([0-9]+)/body", GET=("write", get_body)),
    endpoint(rf"checks/{UUID_PATTERN}/flips/", GET=("read", list_flips)),
    endpoint(rf"checks/{UNIQUE_KEY_PATTERN}/flips/", GET=("read", list_flips)),
]
