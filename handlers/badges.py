"""Badges: the API's list of their addresses, and the badges themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args
from urllib.parse import quote, unquote, unquote_to_bytes
from uuid import UUID

import msgspec

from handlers.api.base import UUID_PATTERN, Call, Endpoint, cors, endpoint, json_response
from handlers.ping.exchange import Request, Response, Route, status_of
from hcserver.domain.badge import (
    UNNAMED,
    badge_document,
    badge_state,
    render_svg,
    shields_document,
    sign,
    verify,
)
from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.domain.status import shown_status
from hcserver.errors import HcError, NotFound
from hcserver.services.container import Services

Format = Literal["svg", "json", "shields"]

ALL = "*"  # the pseudo-tag of all checks, and what is signed for it
_TAGGED = re.compile(
    r"/badge/([0-9A-Za-z_-]{1,64})/([0-9A-Za-z_-]{8})(-2)?(?:/(.+))?\.(svg|json|shields)", re.DOTALL
)
_SINGLE = re.compile(rf"/b/([23])/{UUID_PATTERN}\.(svg|json|shields)")
_HEADERS = {
    **cors("GET, OPTIONS"),
    "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private",
}


class Badges:
    """Answers everything below /badge/ and /b/."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.route = Route(self.answer, 0, _on_error)

    async def answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(204, b"", _HEADERS)
        if request.method not in ("GET", "HEAD"):
            return Response(405, b"", {**_HEADERS, "Allow": "GET, OPTIONS"})
        if single := _SINGLE.fullmatch(request.path):
            check = await self._services.checks.by_badge(UUID(single[2]))
            return self._render(check.name.strip() or UNNAMED, [check], single[1] == "2", single[3])
        if tagged := _TAGGED.fullmatch(request.path):
            badge_key, signature, two_states, encoded, fmt = tagged.groups()
            project = await self._services.lookup.by_badge_key(badge_key)
            if project is None:
                raise NotFound("not found")
            tag = _signed_tag(project, signature, encoded)
            checks = await self._services.checks.of_project(project.id, tags=[] if tag == ALL else [tag])
            label = project.name if tag == ALL else tag
            return self._render(label, checks, two_states is not None, fmt)
        raise NotFound("not found")

    def _render(self, label: str, checks: Sequence[Check], two_states: bool, fmt: str) -> Response:
        now = self._services.clock()
        statuses = [shown_status(check, now) for check in checks]
        state = badge_state(statuses, two_states)
        if fmt == "svg":
            return Response(
                200, render_svg(label, state).encode(), {**_HEADERS, "Content-Type": "image/svg+xml"}
            )
        document = badge_document(statuses, two_states) if fmt == "json" else shields_document(label, state)
        return Response(200, msgspec.json.encode(document), {**_HEADERS, "Content-Type": "application/json"})


async def list_badges(call: Call) -> Response:
    """GET badges/"""
    checks = await call.services.checks.of_project(call.project.id)
    tags = sorted({tag for check in checks for tag in check.tag_list()} - {ALL})
    badges = {tag: _addresses(call.base_url, call.project, tag) for tag in [*tags, ALL]}
    return json_response({"badges": badges})


def _addresses(base_url: str, project: Project, tag: str) -> dict[str, str]:
    signature = sign(_secret(project), tag)
    # A slash in a tag, too, is encoded: it is one segment.
    suffix = "" if tag == ALL else "/" + quote(tag, safe="")
    prefix = f"{base_url}/badge/{project.badge_key}/{signature}"
    addresses = {}
    for fmt in get_args(Format):
        addresses[fmt] = f"{prefix}-2{suffix}.{fmt}"
        addresses[f"{fmt}3"] = f"{prefix}{suffix}.{fmt}"
    return addresses


def _signed_tag(project: Project, signature: str, encoded: str | None) -> str:
    """The tag that the signature is for: encoded once, or twice as some servers write it. Raises NotFound."""
    if encoded is None:
        candidates = [ALL]
    else:
        # Latin-1 gives back the bytes of the path, among which there may be some that are not encoded at all.
        once = unquote_to_bytes(encoded.encode("latin-1")).decode("utf-8", "replace")
        candidates = [tag for tag in (once, unquote(once)) if tag != ALL]
    for tag in candidates:
        if verify(_secret(project), tag, signature):
            return tag
    raise NotFound("not found")


def _secret(project: Project) -> str:
    # A new badge key ends all signatures; the id is in no address.
    return f"{project.id}:{project.badge_key}"


def _on_error(request: Request, error: HcError | None) -> Response:
    text = "internal error" if error is None else str(error)
    return Response(
        status_of(error), text.encode(), {**_HEADERS, "Content-Type": "text/plain; charset=utf-8"}
    )


ENDPOINTS: list[Endpoint] = [endpoint(r"badges/", GET=("read", list_badges))]
