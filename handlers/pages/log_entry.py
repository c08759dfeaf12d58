"""One ping of a log with what the job has sent, at /checks/<id>/log/<n>."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.log_rows import RowMaker, size_in_words
from handlers.pages.paths import CHECK
from handlers.pages.zones import shown_zone
from hcserver.domain.check import Check
from hcserver.domain.output import decode_output, shown_body, visible, whole_characters
from hcserver.domain.ping import Ping
from hcserver.domain.run_lines import Run
from hcserver.domain.veil import Veil
from hcserver.errors import Forbidden, NotFound
from hcserver.mime.letter import Letter
from hcserver.services.reading.contents import PATIENT
from hcserver.services.reading.contents_worker import Content
from hcserver.services.reading.runs import with_starts

SHOWN_BYTES: Final = 128_000  # of a body that are shown; all of it can be downloaded
LOOKED_BACK: Final = 500  # pings in which the last success is looked for
_AT_ONCE: Final = 100
_NUMBER: Final = "([0-9]{1,11})"
HTML_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'; sandbox"
)
_HTML_START: Final = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light">'
    "<title>An email</title><style>body{font:14px/20px system-ui,sans-serif;margin:12px;background:#fff;"
    "color:#1d1e20;overflow-wrap:anywhere}img,table{max-width:100%}</style></head><body>"
)


class Opened(NamedTuple):
    """A ping with its body, as the visitor may see it."""

    check: Check
    ping: Ping
    veil: Veil

    @property
    def body(self) -> bytes:
        """What the job has sent. Raises NotFound."""
        if not self.ping.body:
            raise NotFound("This ping has no output.")
        return self.ping.body


class EntryHandler(PageHandler):
    """The base of what is shown of one ping."""

    async def open_ping(self, check_id: str, n: str) -> Opened:
        """Raises NotFound, also when the ping is not kept any more."""
        check = await self.open_check(check_id, "viewer")
        assert self.project is not None
        ping = await self.services.checks.shown_ping(self.project, check, int(n))
        return Opened(check, ping, Veil(check, self.project, hides=not self.may("editor")))

    async def view(self, opened: Opened) -> dict[str, Any]:
        """The check and the ping for a template. Raises Unavailable."""
        run = Run(ping=opened.ping)
        if opened.check.min_runtime:
            [run] = await with_starts(self.services.checks, opened.check, [opened.ping])
        zone = shown_zone(self, opened.check)
        maker = RowMaker(opened.check, {}, zone, opened.veil, self.services.clock())
        return {"check": opened.check, "ping": maker.ping(opened.ping, run.outcome), "zone": zone}


class EntryPage(EntryHandler):
    """With the header X-Fragment: what the job has sent alone."""

    @signed_in
    async def get(self, check_id: str, n: str) -> None:
        self.allow(PATIENT)
        opened = await self.open_ping(check_id, n)
        values = {**await self.view(opened), "output": None, "cut": "", "letter": None, "is_unread": False}
        if opened.ping.scheme == "email" and opened.ping.body:
            letter = await self.services.log_reader.contents.letter(opened.ping.body)
            values |= {
                "letter": None if letter is None else veiled(letter, opened.veil),
                "is_unread": letter is None,
            }
        elif opened.ping.body:
            body, is_end = shown_body(opened.ping), opened.ping.cut_before > 0
            values["output"] = opened.veil.text(visible(decode_output(_part(body, is_end=is_end))))
            if len(body) > SHOWN_BYTES:
                values["cut"] = f"{'last' if is_end else 'first'} {size_in_words(SHOWN_BYTES)}"
        template = "log_output.html" if self.request.headers.get("X-Fragment") else "log_entry.html"
        await self.show(template, title=f"Ping {n}", section="checks", **values)


class RawBody(EntryHandler):
    """What the job has sent, as a file. A whole email has the ping address in its header."""

    @signed_in
    async def get(self, check_id: str, n: str) -> None:
        opened = await self.open_ping(check_id, n)
        if opened.ping.scheme == "email" and opened.veil.hides:
            raise Forbidden("Only editors can download emails: they have the address to which jobs report.")
        self.set_header("Content-Type", "text/plain")
        name = f"{opened.check.slug or 'check'}-{n}.{'eml' if opened.ping.scheme == 'email' else 'txt'}"
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.write(opened.veil.raw(opened.body))


class HtmlBody(EntryHandler):
    """The HTML of an email, for a frame. It runs nothing and fetches nothing, and is an origin of its own."""

    @signed_in
    async def get(self, check_id: str, n: str) -> None:
        self.allow(PATIENT)
        opened = await self.open_ping(check_id, n)
        html = None
        if opened.ping.scheme == "email":
            html = await self.services.log_reader.contents.html(opened.body)
        if html is None:
            raise NotFound("This has no HTML, or it takes too long to make it safe.")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", HTML_POLICY)
        self.write(f"{_HTML_START}{opened.veil.text(html)}</body></html>")


class DiffPage(EntryHandler):
    """What has changed from the output of the last success to that of a failure, at …/log/<n>/diff."""

    @signed_in
    async def get(self, check_id: str, n: str) -> None:
        self.allow(PATIENT)
        opened = await self.open_ping(check_id, n)
        success = await self._last_success(opened.check, int(n))
        comparison = None
        if success is not None:
            old, new = (
                Content(one.n, one.scheme == "email", _compared(one)) for one in (success, opened.ping)
            )
            comparison = await self.services.log_reader.contents.compare(old, new)
        lines = [] if comparison is None else comparison.lines
        await self.show(
            "log_diff.html",
            title=f"What has changed before ping {n}",
            section="checks",
            success=None if success is None else success.n,
            is_part=any(one and (one.cut_before or one.cut_after) for one in (success, opened.ping)),
            comparison=comparison,
            lines=[(line.kind, opened.veil.text(line.text)) for line in lines],
            **await self.view(opened),
        )

    async def _last_success(self, check: Check, before: int) -> Ping | None:
        """The last success before that ping which has sent anything and was not too short."""
        for last in range(before, max(before - LOOKED_BACK, 1), -_AT_ONCE):
            pings = await self.services.checks.pings(check, _AT_ONCE, last)
            if check.min_runtime:
                runs = await with_starts(self.services.checks, check, pings)
                pings = [run.ping for run in runs if not run.too_short]
            for ping in pings:
                if ping.type == "success" and ping.body_size:
                    return await self.services.checks.ping(check, ping.n)
        return None


def _compared(ping: Ping) -> bytes:
    return shown_body(ping) if ping.scheme != "email" else ping.body or b""


def _part(body: bytes, *, is_end: bool) -> bytes:
    """The first SHOWN_BYTES of the body, or the last ones, in whole characters."""
    if len(body) <= SHOWN_BYTES:
        return body
    part = body[-SHOWN_BYTES:] if is_end else body[:SHOWN_BYTES]
    return whole_characters(part, cut_before=is_end, cut_after=not is_end)


def veiled(letter: Letter, veil: Veil) -> dict[str, Any]:
    """The email for a template."""

    def clean(text: str) -> str:
        return veil.text(visible(text))

    return {
        "text": clean(letter.text).strip("\n"),
        "is_cut": letter.is_cut,
        "has_html": letter.has_html,
        "headers": [(clean(name), clean(value)) for name, value in letter.headers],
        "attachments": [
            (clean(one.name), clean(one.type), size_in_words(one.size)) for one in letter.attachments
        ],
    }


ROUTES = [
    (rf"/checks/{CHECK}/log/{_NUMBER}", EntryPage),
    (rf"/checks/{CHECK}/log/{_NUMBER}/raw", RawBody),
    (rf"/checks/{CHECK}/log/{_NUMBER}/html", HtmlBody),
    (rf"/checks/{CHECK}/log/{_NUMBER}/diff", DiffPage),
]
