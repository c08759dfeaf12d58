"""The ping endpoints: /ping/<uuid> and /ping/<ping_key>/<slug>; /start, /fail, /log, an exit status below."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs
from uuid import UUID

from handlers.client_address import Peers
from handlers.ping.exchange import Request, Response, Route, status_of
from hcserver.domain.ping import Report, Signal
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import HcError, InvalidRequest, NotFound
from hcserver.services.container import Services

PREFIX = "/ping/"
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,100}")
_STATUS = re.compile(r"[0-9]+")
_NAMED: dict[str, Signal] = {"start": "start", "fail": "fail", "log": "log"}
_UA_LENGTH = 200  # characters of a User-Agent that are kept
_METHOD_LENGTH = 20  # characters of a method that are kept; the longest registered one has 17
_MAX_STATUS = 255

_ANYBODY = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/plain; charset=utf-8"}
_NOT_CACHED = {"Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private"}


class Target(NamedTuple):
    """What a ping's path says."""

    check: UUID | None
    ping_key: str
    slug: str
    signal: Signal
    exit_status: int | None


class Pings:
    """Answers everything below /ping/."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._peers = Peers(services.settings.http.trusted_proxies)
        limit = services.settings.limits.ping_body_bytes
        self.route = Route(self.answer, limit, _refuse)
        self._headers = {**_ANYBODY, **_NOT_CACHED, "Ping-Body-Limit": str(limit)}

    async def answer(self, request: Request) -> Response:
        target = parse_target(request.path)
        # Most pings have no query.
        query = parse_qs(request.query, keep_blank_values=True) if request.query else {}
        rid = _run_id(query)
        created = False
        check = target.check
        if check is None:
            check, created = await self._by_slug(target, create=query.get("create", [""])[-1] == "1")
        headers = request.headers
        report = Report(
            check=check,
            at=self._services.clock(),
            signal=target.signal,
            scheme=self._peers.scheme(request),
            remote_addr=self._peers.address(request),
            method=request.method[:_METHOD_LENGTH],
            ua=_text(headers.get("User-Agent", ""))[:_UA_LENGTH],
            rid=rid,
            exit_status=target.exit_status,
            body=request.body or None,
        )
        await self._services.intake.record((report,))
        return Response(201, b"Created", self._headers) if created else Response(200, b"OK", self._headers)

    async def _by_slug(self, target: Target, create: bool) -> tuple[UUID, bool]:
        """The check that the path names by its slug, and whether it was created."""
        try:
            return await self._services.lookup.check_by_ping_key(target.ping_key, target.slug), False
        except NotFound:
            if not create:
                raise
        return await self._services.check_editor.create_for_slug(target.ping_key, target.slug)


def parse_target(path: str) -> Target:
    """Read a path. Raises NotFound for what is no ping's, InvalidRequest for a faulty one."""
    parts = path[len(PREFIX) :].split("/")
    if check := parse_uuid(parts[0]):
        ping_key, slug, rest = "", "", parts[1:]
    elif len(parts) > 1 and _SLUG.fullmatch(parts[0]) and _SLUG.fullmatch(parts[1]):
        ping_key, slug, rest = parts[0], parts[1], parts[2:]
    else:
        raise NotFound("not found")
    if slug != slug.lower():
        raise InvalidRequest("invalid url format")
    if rest in ([], [""]):
        return Target(check, ping_key, slug, "success", None)
    if len(rest) > 1:
        raise NotFound("not found")
    if signal := _NAMED.get(rest[0]):
        return Target(check, ping_key, slug, signal, None)
    if not _STATUS.fullmatch(rest[0]):
        raise NotFound("not found")
    digits = rest[0].lstrip("0") or "0"
    if len(digits) > 3 or int(digits) > _MAX_STATUS:
        raise InvalidRequest("invalid url format")
    status = int(digits)
    return Target(check, ping_key, slug, "fail" if status else "success", status)


def _text(header: str) -> str:
    """A header's value, which stands there as Latin-1, as the UTF-8 that it is if it is any."""
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _run_id(query: dict[str, list[str]]) -> UUID | None:
    if "rid" not in query:
        return None
    if (rid := parse_uuid(query["rid"][-1])) is None:
        raise InvalidRequest("invalid uuid format")
    return rid


def _refuse(request: Request, error: HcError | None) -> Response:
    text = "internal error" if error is None else str(error)
    return Response(status_of(error), text.encode(), {**_ANYBODY, **_NOT_CACHED})
