"""Badges: the state of a check, a tag or a project as an image, as JSON, or for shields.io."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import quote, unquote, unquote_to_bytes
from uuid import UUID

import msgspec
from tornado.web import HTTPError

from handlers.api.base import UUID as UUID_PATTERN
from handlers.api.base import set_cors_headers
from handlers.base import NOT_CACHED, TEXT, BaseHandler
from hcserver.domain.badge import (
    UNNAMED,
    badge_document,
    badge_state,
    render_svg,
    shields_document,
    sign,
    verify,
)
from hcserver.domain.project import Project
from hcserver.domain.status import ShownStatus, shown_status
from hcserver.errors import NotFound, Unavailable

Format = Literal["svg", "json", "shields"]

ALL = "*"  # the pseudo-tag of all checks, and what is signed for it
_METHODS = "GET, OPTIONS"
_TAGGED = re.compile(
    r"/badge/([0-9A-Za-z_-]{1,64})/([0-9A-Za-z_-]{8})(-2)?(?:/(.+))?\.(svg|json|shields)", re.DOTALL
)
_SINGLE = re.compile(rf"/b/([23])/{UUID_PATTERN}\.(svg|json|shields)")


class BadgeHandler(BaseHandler):
    """/badge/<badge key>/<signature>… for all checks or those with a tag, /b/<2 or 3>/<badge id>… for one."""

    @property
    def body_limit(self) -> int:
        return 0

    def set_default_headers(self) -> None:
        super().set_default_headers()
        set_cors_headers(self, _METHODS)
        self.set_header("Cache-Control", NOT_CACHED)

    def options(self) -> None:
        self.set_status(204)

    async def get(self) -> None:
        if not self.services.ready:
            raise Unavailable("the server is starting, try again")
        # The path as it was sent: a tag may be encoded twice, or hold bytes that are no UTF-8.
        path = self.request.path
        if single := _SINGLE.fullmatch(path):
            check = await self.services.checks.by_badge(UUID(single[2]))
            single_check = {shown_status(check, self.services.clock()): 1}
            self._write_badge(check.name.strip() or UNNAMED, single_check, single[1] == "2", single[3])
        elif tagged := _TAGGED.fullmatch(path):
            badge_key, signature, two_states, encoded, fmt = tagged.groups()
            project = await self.services.lookup.by_badge_key(badge_key)
            if project is None:
                raise NotFound("not found")
            tag = _signed_tag(project, signature, encoded)
            counts = await self.services.project_reader.status_counts(project.id, None if tag == ALL else tag)
            self._write_badge(project.name if tag == ALL else tag, counts, two_states is not None, fmt)
        else:
            raise NotFound("not found")

    def finish_error(self, status_code: int, error: BaseException | None) -> None:
        if isinstance(error, HTTPError) and status_code == 405:
            self.set_header("Allow", _METHODS)
        else:
            self.set_header("Content-Type", TEXT)
            self.write(self.error_text(error))
        self.finish()

    def _write_badge(self, label: str, counts: Mapping[ShownStatus, int], two_states: bool, fmt: str) -> None:
        state = badge_state(counts, two_states)
        if fmt == "svg":
            self.set_header("Content-Type", "image/svg+xml")
            self.write(render_svg(label, state))
            return
        payload = badge_document(counts, two_states) if fmt == "json" else shields_document(label, state)
        self.set_header("Content-Type", "application/json")
        self.write(msgspec.json.encode(payload))


def badge_addresses(base_url: str, project: Project, tag: str) -> dict[str, str]:
    """The URLs of a tag's badges (`ALL`: of all checks) by format; with a 3 those with three states.

    The project must have a badge secret.
    """
    assert project.badge_secret is not None
    signature = sign(project.badge_secret, tag)
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
    if project.badge_secret is None:  # no address has been given away yet
        raise NotFound("not found")
    for tag in candidates:
        if verify(project.badge_secret, tag, signature):
            return tag
    raise NotFound("not found")


ROUTES = [(r"/(?:badge|b)/.*", BadgeHandler)]
