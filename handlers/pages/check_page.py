"""The page of a check, at /checks/<id>."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.check_row import is_silent
from handlers.pages.check_story import (
    check_seen,
    next_sentence,
    notified,
    recovery,
    recovery_sentence,
    status_sentence,
)
from handlers.pages.dependencies import neighbours
from handlers.pages.duration_chart import RUNS, TimedRun, chart_words, duration_chart
from handlers.pages.log_rows import ICONS, run_length
from handlers.pages.paths import CHECK
from handlers.pages.snippets import snippets
from hcserver.domain.check import Check
from hcserver.domain.downtime import month_starts, monthly_downtime
from hcserver.domain.output import visible
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.domain.run_lines import match_runs
from hcserver.domain.schedule_preview import preview
from hcserver.domain.schedule_words import in_words
from hcserver.domain.shown_state import state_of
from hcserver.domain.status import counted_until, shown_status
from hcserver.domain.time_zone_hint import time_zone_hint
from hcserver.domain.veil import Veil
from hcserver.domain.words import duration_in_words
from hcserver.errors import NotFound
from hcserver.notify.body_preview import readable_body
from hcserver.services.reading.runs import last_runs

PINGS: Final = 2 * RUNS + 20  # that are read: a run may have a start and an end
NOTIFICATIONS: Final = 20
LAST_RUNS: Final = 10
OUTCOMES: Final = {
    "success": "Succeeded",
    "short": "Too short",
    "fail": "Failed",
    "start": "Started",
    "ign": "Ignored",
}
OUTPUT_LINES: Final = 10
OUTPUT_CHARACTERS: Final = 4000
MONTHS: Final = 3
OCCURRENCES: Final = 3
_LINK: Final = re.compile(r"https?://[^\s<>\"']{1,500}[^\s<>\"'.,;:!?)]")


class CheckPage(PageHandler):
    """With the header X-Fragment, only what changes while one looks."""

    @signed_in
    async def get(self, check_id: str) -> None:
        check = await self.open_check(check_id, "viewer")
        assert self.project is not None
        is_fragment = bool(self.request.headers.get("X-Fragment"))
        values = await self._changing(check, self.project)
        if not is_fragment:
            values |= await self._lasting(check, self.project)
        template = "check_now.html" if is_fragment else "check.html"
        title = check.name or "Check without a name"
        await self.show(template, title=title, section="checks", check=check, **values)

    async def _changing(self, check: Check, project: Project) -> dict[str, Any]:
        """What changes with each ping."""
        veil = Veil(check, project, hides=not self.may("editor"))
        services, now = self.services, self.services.clock()
        pings = await services.checks.pings(check, PINGS)
        notifications = await services.checks.notifications(check, NOTIFICATIONS)
        settings = await services.notifier.project_settings.get(check.project)
        status = shown_status(check, now)
        state = state_of(check, status)
        recovered = recovery(check, notifications, now)
        last = pings[0] if pings else None
        timed = timed_runs(pings, check.min_runtime)
        limit_name = "maximum runtime" if check.max_runtime else "grace time"
        runs = await last_runs(services.checks, check, LAST_RUNS)
        return {
            "seen": check_seen(check, status),
            "state_name": state,
            "sentence": status_sentence(check, state, now),
            "next_words": next_sentence(check, state, now),
            "recovery": recovery_sentence(recovered),
            "notified": notified(notifications if state == "down" else recovered, settings.channels, now),
            "output": veil.text(await self._output(check, pings)),
            "veil": veil,
            "runs": runs,
            "zone_hint": time_zone_hint(check, runs),
            "OUTCOMES": OUTCOMES,
            "ICONS": ICONS,
            "run_length": run_length,
            "chart": duration_chart(timed, check.run_limit, limit_name),
            "chart_words": chart_words(timed, check.run_limit, limit_name),
            "last": last,
        }

    async def _output(self, check: Check, pings: list[Ping]) -> str:
        """The first lines of what the last run has put out, of an email its text. If its beginning is not
        kept, the last lines, below "…".
        """
        last = next((ping for ping in pings if ping.type in ("success", "fail")), None)
        if last is None or not last.body_size:
            return ""
        try:
            ping = await self.services.checks.ping(check, last.n)
        except NotFound:
            return ""  # pruned meanwhile
        lines = visible(readable_body(ping, OUTPUT_CHARACTERS)).strip("\n").split("\n")
        if ping.cut_before:
            return "\n".join(["…", *lines[-OUTPUT_LINES:]])
        return "\n".join(lines[:OUTPUT_LINES])

    async def _lasting(self, check: Check, project: Project) -> dict[str, Any]:
        """What changes only when people change it."""
        services, now = self.services, self.services.clock()
        ping_url = f"{self.base_url}/ping/{check.id}"
        domain = services.settings.smtp.domains[0]
        settings = await services.notifier.project_settings.get(check.project)
        flips = await services.checks.flips(check, month_starts(now, MONTHS)[0], None)
        return {
            "ping_url": ping_url,
            "slug_url": f"{self.base_url}/ping/{project.ping_key}/{check.slug}" if check.slug else "",
            "mail": f"{check.id}@{domain}" if services.settings.smtp.port else "",
            "snippets": snippets(check, ping_url) if self.may("editor") else [],
            "schedule": in_words(check.kind, check.timeout, check.schedule, check.tz),
            "upcoming": upcoming(check, now),
            "grace": duration_in_words(check.grace),
            "channels": sorted(settings.channels.values(), key=lambda one: one.name.casefold()),
            "silent": is_silent(check, settings),
            "neighbours": await neighbours(services, check),
            "notes": linked(check.desc),
            "months": monthly_downtime(flips, check.created, now, MONTHS, status=check.status)[::-1],
            "projects": [
                one.project
                for one in await self.memberships()
                if one.project.id != project.id and one.role != "viewer"
            ],
        }


def timed_runs(pings: list[Ping], min_runtime: int = 0) -> list[TimedRun]:
    """The runs among these pings whose duration is known, the earliest first. One that was too short has
    failed.

    `pings` has the newest first.
    """
    return [
        TimedRun(run.ping.at, run.duration, run.outcome in ("fail", "short"))
        for run in reversed(match_runs(pings, min_runtime=min_runtime))
        if run.duration is not None
    ]


def upcoming(check: Check, now: datetime) -> list[Any]:
    """The next moments at which a check that is watched is expected to report."""
    if check.status == "paused":
        return []
    expected = (check.kind, check.timeout, check.schedule, check.tz)
    since = counted_until(check, now)
    return list(preview(*expected, now=since, last_ping=check.last_ping, count=OCCURRENCES).occurrences)


def linked(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is the address of a page."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in _LINK.finditer(text):
        pieces += [(text[end : match.start()], False), (match[0], True)]
        end = match.end()
    return [piece for piece in [*pieces, (text[end:], False)] if piece[0]]


ROUTES = [(rf"/checks/{CHECK}", CheckPage)]
