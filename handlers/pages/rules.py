"""What the reports of a check count as, at /checks/<uuid>/rules, tried on those that it has received."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.paths import CHECK, check_path
from hcserver.domain.check import Check
from hcserver.domain.ping import Ping, Signal
from hcserver.errors import NotFound
from hcserver.services.classification.past_reports import Judgement, has_text, judge, judge_email
from hcserver.validation.check import apply_spec, parse_spec
from hcserver.validation.forms import EXIT_STATUSES, RULE_BOXES, RULE_TEXTS, FormFaults, read_rules

REPORTS: Final = 10  # that are shown
_PINGS: Final = 100  # among which they are looked for
_DEADLINE: Final = 40.0  # seconds: large messages wait for a worker
_API_VERSION: Final = 3
_LABELS: Final = {
    "failure_kw": "The list of keywords",
    "success_kw": "The list of keywords",
    "start_kw": "The list of keywords",
    **dict.fromkeys(EXIT_STATUSES, "The list of exit statuses"),
}
# What a report counts as: its word, and the icon of the state that is like it.
VERDICTS: Final[dict[Signal, tuple[str, str]]] = {
    "success": ("Success", "up"),
    "fail": ("Failure", "down"),
    "start": ("Start", "running"),
    "log": ("Log entry", "new"),
    "ign": ("Ignored", "paused"),
}
_HEADER_LINE: Final = re.compile(r"[!-9;-~]{1,100}:|From ")  # RFC 5322 section 2.2; mbox


class JudgedReport(NamedTuple):
    """A report by the rules in the form; `saved` is what it is by those of the check."""

    ping: Ping | None  # None: it was pasted
    judged: Judgement
    saved: Judgement

    @property
    def differs(self) -> bool:
        return self.judged.signal != self.saved.signal

    @property
    def why(self) -> str:
        return reason_in_words(self.judged)


class RulesPage(PageHandler):
    """A POST saves, unless the button `do` is `preview`. With the header X-Fragment the answer to that is the
    preview alone.
    """

    @signed_in
    async def get(self, check_id: str) -> None:
        check = await self.open_check(check_id, "editor")
        await self._show_form(check, rules_form(check))

    @signed_in
    async def post(self, check_id: str) -> None:
        check = await self.open_check(check_id, "editor")
        form = self.form.values()
        if form.get("do") != "preview":
            await self._save(check, form)
        elif self.request.headers.get("X-Fragment"):
            await self.show("rules_preview.html", title="", **await self._preview(check, form))
        else:
            await self._show_form(check, form)

    async def _save(self, check: Check, form: dict[str, str]) -> None:
        try:
            spec = parse_spec(read_rules(form), _API_VERSION)
        except FormFaults:
            self.set_status(400)
            await self._show_form(check, form)
            return
        assert self.project is not None
        await self.services.check_editor.update(self.project, check.id, spec)
        self.go(check_path(check.id), notice="The rules are saved. They apply to what comes from now on.")

    async def _show_form(self, check: Check, form: dict[str, str]) -> None:
        await self.show(
            "rules.html", title=f"Rules of {check.name or 'a check'}", section="checks", check=check,
            form=form,
            **await self._preview(check, form),
        )  # fmt: skip

    async def _preview(self, check: Check, form: dict[str, str]) -> dict[str, Any]:
        """What the rules in the form make of the last reports and of the pasted email. Raises Unavailable."""
        values: dict[str, Any] = {"verdicts": VERDICTS, "pasted": None, "reports": [], "faults": {}}
        try:
            changed = apply_spec(check, parse_spec(read_rules(form), _API_VERSION))
        except FormFaults as error:
            faults = {name: f"{_LABELS[name]} {text}." for name, text in error.faults.items()}
            return {**values, "faults": faults}
        self.allow(_DEADLINE)
        classifier = self.services.mail_classifier
        async with classifier.series:
            if mail := form.get("mail", ""):
                raw = as_email(mail)
                pasted = await judge_email(classifier, raw, changed)
                values["pasted"] = JudgedReport(None, pasted, await judge_email(classifier, raw, check))
            reports = []
            for ping in await self._reports(check):
                judged = await judge(classifier, ping, changed)
                reports.append(JudgedReport(ping, judged, await judge(classifier, ping, check)))
        return {**values, "reports": reports, "summary": summary(reports)}

    async def _reports(self, check: Check) -> list[Ping]:
        """The last reports that have something to be searched, with their bodies, newest first."""
        pings = [ping for ping in await self.services.checks.pings(check, _PINGS) if has_text(ping)]
        reports = []
        for ping in pings[:REPORTS]:
            try:
                reports.append(await self.services.checks.ping(check, ping.n))
            except NotFound:
                break  # it has just been pruned, and so have those before it
        return reports


def rules_form(check: Check) -> dict[str, str]:
    """The fields of the form for the rules that the check has."""
    boxes = {name: "on" for name in RULE_BOXES if getattr(check, name)}
    texts = {name: getattr(check, name) for name in RULE_TEXTS}
    statuses = {name: ", ".join(map(str, getattr(check, name))) for name in EXIT_STATUSES}
    return boxes | texts | statuses


def summary(reports: list[JudgedReport]) -> str:
    """What would change if the rules in the form were saved."""
    if not reports:
        return ""
    different = sum(report.differs for report in reports)
    last = "the last report" if len(reports) == 1 else f"the last {len(reports)} reports"
    if not different:
        return f"By these rules, {last} would be judged as by the saved ones."
    return f"Of {last}, {different} would be judged otherwise than by the saved rules."


def reason_in_words(judged: Judgement) -> str:
    """Why a report is what it is."""
    reason = judged.reason
    if reason.keyword is not None:
        return f"“{reason.keyword}” is in the {reason.where}"
    return {
        "default": "no keyword was found",
        "endpoint": "no keyword was found, so its address decides",
        "unfiltered": "it is not searched",
        "unread": "it could not be read in time",
        "exit status": "this exit status is ignored",
    }.get(reason.where, "")


def as_email(text: str) -> bytes:
    """What was pasted, as an email: without a header, it is the body of one."""
    header = "" if _HEADER_LINE.match(text) else "\n"
    return (header + text).encode()


ROUTES = [(rf"/checks/{CHECK}/rules", RulesPage)]
