"""The log of a check, at /checks/<id>/log."""

from __future__ import annotations

from typing import Any, Final

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.check_story import check_seen
from handlers.pages.log_rows import RowMaker
from handlers.pages.log_view import MAX_WORDS, LogView, read_log_view
from handlers.pages.paths import CHECK, check_path
from handlers.pages.zones import WORDS, ShownZone, shown_zone
from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.domain.run_lines import Run, match_runs
from hcserver.domain.status import shown_status
from hcserver.domain.time_zone_hint import RUNS, time_zone_hint
from hcserver.domain.veil import Veil
from hcserver.services.reading.contents import PATIENT
from hcserver.services.reading.log_entries import Position

_PINGS: Final = 3 * RUNS  # that are read for it: runs may have starts and log entries
KINDS: Final = (
    ("success", "Successes"),
    ("fail", "Failures"),
    ("start", "Starts"),
    ("log", "Log"),
    ("ign", "Ignored"),
    ("flips", "Changes of state"),
    ("notifications", "Notifications"),
)


class LogPage(PageHandler):
    """With the header X-Fragment: the next entries alone."""

    @signed_in
    async def get(self, check_id: str) -> None:
        check = await self.open_check(check_id, "viewer")
        assert self.project is not None
        view = read_log_view(self)
        zone = shown_zone(self, check)
        if view.words:
            self.allow(PATIENT)
        values = await self._rows(check, self.project, view, zone)
        if self.request.headers.get("X-Fragment"):
            await self.show("log_rows.html", title="", check=check, **values)
            return
        zones = [
            {"word": word, "link": view.link(zone=choice), "current": choice == zone.choice}
            for choice, word in WORDS.items()
        ]
        await self.show(
            "log.html",
            title=f"Log of {check.name or 'the check without a name'}",
            section="checks",
            check=check,
            kinds=KINDS,
            max_words=MAX_WORDS,
            zones=zones,
            zone=zone,
            seen=check_seen(check, shown_status(check, self.services.clock())),
            is_newest=view.position == Position(),
            zone_hint=time_zone_hint(check, await self._last_runs(check)),
            **values,
        )

    async def _last_runs(self, check: Check) -> list[Run]:
        """Those that are asked for a hint on the time zone: of a check with a schedule, the newest first."""
        if check.kind == "simple":
            return []
        return match_runs(await self.services.checks.pings(check, _PINGS))

    async def _rows(self, check: Check, project: Project, view: LogView, zone: ShownZone) -> dict[str, Any]:
        veil = Veil(check, project, hides=not self.may("editor"))
        wanted = view.wanted(zone.info, veil.secrets)
        page = await self.services.log_reader.page(check, project, wanted, view.position)
        settings = await self.services.notifier.project_settings.get(check.project)
        maker = RowMaker(check, settings.channels, zone, veil, self.services.clock())
        looked_back_to = page.looked_back_to
        return {
            "view": view,
            "days": maker.days(page.entries, page.bodies, page.gaps),
            "older": None if page.next is None else view.link(page.next),
            "looked_back_to": None if looked_back_to is None else zone.local(looked_back_to),
            "unread": page.unread,
        }


class ClearLog(PageHandler):
    """A form at /checks/<id>/log/clear."""

    @signed_in
    async def post(self, check_id: str) -> None:
        check = await self.open_check(check_id, "editor")
        assert self.project is not None
        await self.services.log_clearing.clear(self.project, check.id)
        self.go(f"{check_path(check.id)}/log", notice="The log is cleared.")


ROUTES = [
    (rf"/checks/{CHECK}/log", LogPage),
    (rf"/checks/{CHECK}/log/clear", ClearLog),
]
