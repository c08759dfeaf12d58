"""The ping endpoints: /ping/<uuid> and /ping/<ping_key>/<slug>; /start, /fail, /log, an exit status below."""

from __future__ import annotations

from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from msgspec.structs import replace
from tornado.httputil import HTTPHeaders

from handlers.client_address import ClientAddresses
from handlers.ping.kept_body import BodyEnd, BodyStart
from handlers.ping.target import Target, parse_run_id, parse_target, split_signal
from hcserver.domain.ping import Report
from hcserver.errors import NotFound, Unavailable
from hcserver.services.container import Services

_UA_LENGTH = 200  # characters of a User-Agent that are kept
_METHOD_LENGTH = 20  # characters of a method that are kept; the longest registered one has 17


DEADLINE = 4.8  # seconds until a ping without an answer gets a 503 and is given up


class PingRequest(msgspec.Struct):
    """A ping as it came; the body is cut at the limit."""

    method: str
    path: str  # as sent, but letters, digits and `-._~` are not percent-encoded
    query: str
    headers: HTTPHeaders
    peer: str
    protocol: str
    body: bytes = b""
    body_cut: int = 0  # bytes of the body that came but are not in `body`


class PingHandler:
    """Records pings. `body_limit`: bytes of a body that are kept; `new_body` makes what keeps them."""

    deadline = DEADLINE
    # As they are sent; those of an accepted ping are in `headers`.
    error_headers = (
        b"Access-Control-Allow-Origin: *\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Cache-Control: max-age=0, no-cache, no-store, must-revalidate, private\r\n"
    )

    def __init__(self, services: Services, addresses: ClientAddresses) -> None:
        self._services = services
        self._addresses = addresses
        self.body_limit = services.settings.limits.ping_body_bytes
        self._keeps_end = services.settings.limits.body_part == "end"
        self.new_body = BodyEnd if self._keeps_end else BodyStart
        self.headers = b"%sPing-Body-Limit: %d\r\n" % (self.error_headers, self.body_limit)

    async def answer(self, request: PingRequest) -> tuple[int, bytes]:
        """Record the ping; the status and the body of the answer. Raises HcError."""
        if not self._services.takes_pings:
            raise Unavailable("the server is starting, try again")
        query_text, signal = split_signal(request.query)
        target = parse_target(request.path, signal)
        # Most pings have no query.
        query = parse_qs(query_text, keep_blank_values=True) if query_text else {}
        rid = parse_run_id(query)
        create = query.get("create", [""])[-1] == "1"
        created = False
        check = target.check
        if check is None:
            check, created = await self._by_slug(target, create=create)
        headers = request.headers
        report = Report(
            check=check,
            at=self._services.clock(),
            signal=target.signal,
            scheme=self._addresses.scheme(request.peer, request.protocol, headers),
            remote_addr=self._addresses.address(request.peer, headers),
            method=request.method[:_METHOD_LENGTH],
            ua=_text(headers.get("User-Agent", ""))[:_UA_LENGTH],
            rid=rid,
            exit_status=target.exit_status,
            body=request.body or None,
            cut_before=request.body_cut if self._keeps_end else 0,
            cut_after=0 if self._keeps_end else request.body_cut,
        )
        try:
            await self._services.intake.record((report,))
        except NotFound:
            if target.check is not None:
                raise
            # The check was deleted since its slug was looked up; by now another one may have the slug.
            self._services.lookup.forget(check)
            check, created = await self._by_slug(target, create=create)
            await self._services.intake.record((replace(report, check=check),))
        return (201, b"Created") if created else (200, b"OK")

    async def _by_slug(self, target: Target, create: bool) -> tuple[UUID, bool]:
        """The check, and whether it was created for this ping."""
        try:
            return await self._services.lookup.check_by_ping_key(target.ping_key, target.slug), False
        except NotFound:
            if not create:
                raise
        return await self._services.check_editor.create_for_slug(target.ping_key, target.slug)


def _text(header: str) -> str:
    """A header's value, which Tornado decodes as Latin-1, decoded as UTF-8 if it is valid UTF-8."""
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header
