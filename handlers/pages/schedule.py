"""The schedule of a check, at /checks/<uuid>/schedule: when it is to report, previewed before it is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.paths import CHECK, check_path
from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.schedule import schedule_kind
from hcserver.domain.schedule_preview import preview
from hcserver.domain.schedule_words import in_words
from hcserver.domain.suggestion import suggested_cron, suggested_period
from hcserver.domain.time_zone import zone_names
from hcserver.domain.what_if import Proposal, what_if
from hcserver.validation.check import parse_spec
from hcserver.validation.forms import RUNTIMES, UNITS, FormFaults, read_schedule, schedule_form

RUNS: Final = 50  # of the history are compared with the settings
_PINGS: Final = 150  # that are read for it: runs may have starts and log entries
_API_VERSION: Final = 3
_KEPT: Final = tuple(
    f"{name}{end}" for name in (*RUNTIMES, "early") for end in ("", "_unit")
)  # beside a suggestion
_LABELS: Final = {
    "every": "The period",
    "cron": "The expression",
    "oncalendar": "The expression",
    "tz": "The time zone",
    "grace": "The grace time",
    "max_runtime": "The maximum runtime",
    "min_runtime": "The minimum runtime",
    "early": "How early it may come",
}


class SchedulePage(PageHandler):
    """A POST saves, unless the button `do` says otherwise: `preview` shows what the settings mean, `period`
    and `cron` fill in what is suggested. With the header X-Fragment the answer is the `preview` alone or, for
    a `dialog`, the form.
    """

    @signed_in
    async def get(self, check_id: str) -> None:
        check = await self.open_check(check_id, "editor")
        form = schedule_form(
            *(check.kind, check.timeout, check.schedule, check.tz, check.grace),
            *(check.max_runtime, check.early, check.min_runtime),
        )
        if check.kind == "simple":
            form["tz"] = ""  # the script fills in the browser's
        await self._show_form(check, form)

    @signed_in
    async def post(self, check_id: str) -> None:
        check = await self.open_check(check_id, "editor")
        form = self.form.values()
        match form.get("do"):
            case "preview" if self.request.headers.get("X-Fragment"):
                values = await self._preview(check, form, await self._history(check))
                await self.show("schedule_preview.html", title="", **values)
            case "preview":
                await self._show_form(check, form)
            case "period" | "cron":
                await self._show_form(check, await self._suggested(check, form))
            case _:
                await self._save(check, form)

    async def _save(self, check: Check, form: dict[str, str]) -> None:
        try:
            fields = read_schedule(form)
        except FormFaults:
            self.set_status(400)
            await self._show_form(check, form)
            return
        assert self.project is not None
        await self.services.check_editor.update(self.project, check.id, parse_spec(fields, _API_VERSION))
        self.go(check_path(check.id), notice="The schedule is saved.")

    async def _show_form(self, check: Check, form: dict[str, str]) -> None:
        history = await self._history(check)
        values = await self._preview(check, form, history)
        is_dialog = self.request.headers.get("X-Fragment") == "dialog"
        await self.show(
            "schedule_form.html" if is_dialog else "schedule.html",
            title=f"Schedule of {check.name or 'a check'}",
            section="checks",
            check=check,
            form=form,
            units=UNITS,
            zones=zone_names(),
            suggestions=await self._suggestions(check, form, history),
            **values,
        )

    async def _preview(self, check: Check, form: dict[str, str], history: list[Ping]) -> dict[str, Any]:
        """What the settings in the form mean, or what is wrong with them."""
        try:
            proposal = _proposal(read_schedule(form))
        except FormFaults as error:
            return {"faults": {name: f"{_LABELS[name]} {text}." for name, text in error.faults.items()}}
        await asyncio.sleep(0)  # others have their turn between calculations of some milliseconds
        following = preview(
            proposal.kind, proposal.timeout, proposal.schedule, proposal.tz,
            now=self.services.clock(), last_ping=check.last_ping,
        )  # fmt: skip
        await asyncio.sleep(0)
        return {
            "faults": {},
            "proposal": proposal,
            "words": in_words(proposal.kind, proposal.timeout, proposal.schedule, proposal.tz),
            "preview": following,
            "result": what_if(history, proposal),
            "clock_time": _clock_time(proposal, self.services.clock()),
        }

    async def _suggestions(
        self, check: Check, form: dict[str, str], history: list[Ping]
    ) -> list[tuple[str, str, Proposal]]:
        """What fits the history: the value of the button, in words, the settings."""
        await asyncio.sleep(0)
        found = [("period", suggested_period(history)), ("cron", suggested_cron(history, _zone(form, check)))]
        return [
            (name, in_words(one.kind, one.timeout, one.schedule, one.tz), one)
            for name, one in found
            if one is not None
        ]

    async def _suggested(self, check: Check, form: dict[str, str]) -> dict[str, str]:
        """The form with a suggestion filled in, if there is one. What is not suggested stays."""
        kept = {name: form[name] for name in _KEPT if name in form}
        for name, _, one in await self._suggestions(check, form, await self._history(check)):
            if name == form["do"]:
                filled = schedule_form(one.kind, one.timeout, one.schedule, one.tz, one.grace) | kept
                return filled if one.kind != "simple" else {**filled, "tz": form.get("tz", "")}
        return form

    async def _history(self, check: Check) -> list[Ping]:
        """The pings of the last runs, oldest first. Raises Unavailable."""
        return last_runs((await self.services.checks.pings(check, _PINGS))[::-1])


def last_runs(pings: list[Ping]) -> list[Ping]:
    """The pings, oldest first, from the run on with which the RUNS last ones are compared."""
    ends = [index for index, ping in enumerate(pings) if ping.type in ("success", "fail")]
    return pings[ends[-RUNS - 1] :] if len(ends) > RUNS else pings


def _proposal(fields: dict[str, Any]) -> Proposal:
    limits = {name: fields.get(name, 0) for name in RUNTIMES}
    if "timeout" in fields:
        return Proposal(timeout=fields["timeout"], grace=fields["grace"], **limits)
    changes = parse_spec(fields, _API_VERSION).changes
    return Proposal(
        kind=schedule_kind(changes["schedule"]), schedule=changes["schedule"], tz=changes["tz"],
        grace=changes["grace"], **limits, early=fields.get("early", 0),
    )  # fmt: skip


def _clock_time(proposal: Proposal, now: datetime) -> Callable[[datetime], str]:
    """Writes times shortly: with the year only if it is another one, with seconds only if there are some."""

    def written(local: datetime) -> str:
        year = "" if local.year == now.year else " %Y"
        seconds = ":%S" if local.second and proposal.kind != "simple" else ""
        return local.strftime(f"%a %d %b{year} %H:%M{seconds}")

    return written


def _zone(form: dict[str, str], check: Check) -> str:
    return form["tz"] if form.get("tz") in zone_names() else check.tz


ROUTES = [(rf"/checks/{CHECK}/schedule", SchedulePage)]
