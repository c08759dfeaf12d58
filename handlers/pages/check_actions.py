"""What people do on the page of a check, at /checks/<id>/<action>."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.paths import CHECK, check_path, project_path
from handlers.pages.snoozes import read_snooze
from hcserver.domain.check import Check
from hcserver.domain.ping import Report, Signal
from hcserver.domain.project import Project
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import Conflict, Forbidden, InvalidRequest
from hcserver.validation.check import parse_spec

_API_VERSION: Final = 3  # whose rules hold for the fields of a form
_SIGNALS: Final[dict[str, Signal]] = {"success": "success", "start": "start", "fail": "fail"}
_COPIED: Final = (
    *(
        "tags",
        "desc",
        "grace",
        "max_runtime",
        "min_runtime",
        "early",
        "manual_resume",
        "methods",
        "start_kw",
        "success_kw",
        "failure_kw",
    ),
    *("filter_subject", "filter_body", "filter_http_body", "filter_default_fail", "kw_ignore_case"),
    *("kw_whole_word", "success_exit_statuses", "ignored_exit_statuses", "failures_before_alert"),
    *("successes_before_up", "repeat_after", "tz"),
)

Action = Callable[["CheckActions", Project, Check], Awaitable[None]]


class CheckActions(PageHandler):
    """Each is a form on the check's page, which shows the outcome."""

    @signed_in
    async def post(self, check_id: str, action: str) -> None:
        check = await self.open_check(check_id, "editor")
        assert self.project is not None
        try:
            await _ACTIONS[action](self, self.project, check)
        except Conflict as error:
            self._back(check, f"Nothing was changed: {error}.")

    async def pause(self, project: Project, check: Check) -> None:
        await self.services.check_editor.pause(project, check.id)
        self._back(check, "Paused.")

    async def resume(self, project: Project, check: Check) -> None:
        await self.services.check_editor.resume(project, check.id)
        self._back(check, "Resumed: the next ping counts as the first.")

    async def snooze(self, project: Project, check: Check) -> None:
        snooze = read_snooze(self.form.get("for"), self.form, self.services.clock())
        await self.services.check_editor.snooze(project, check.id, snooze.until)
        self._back(check, f"{snooze.words.capitalize()}.")

    async def ping(self, project: Project, check: Check) -> None:
        signal = _SIGNALS.get(self.form.get("signal") or "success")
        if signal is None:
            raise InvalidRequest("signal has an unexpected value")
        report = Report(
            check=check.id,
            at=self.services.clock(),
            signal=signal,
            scheme="https" if self.is_secure else "http",
            remote_addr=self.client_address,
            method="POST",
            ua=f"{self.user.name} on the check's page"[:200],
        )
        await self.services.intake.record([report])
        self._back(check, "A ping was recorded.")

    async def details(self, project: Project, check: Check) -> None:
        fields = {name: self.form.get(name) for name in ("name", "slug", "tags", "desc")}
        await self.services.check_editor.update(project, check.id, parse_spec({**fields}, _API_VERSION))
        self._back(check, "Saved.")

    async def channels(self, project: Project, check: Check) -> None:
        """`channel` has the channels that are to be notified, `had` those that were so far, as was shown.

        Without `had` the check gets just these channels.
        """
        editor, wanted = self.services.check_editor, self.form.all("channel")
        if "had" in self.form:
            had = self.form.get("had").split(",")
            added = [one for one in wanted if one not in had]
            removed = [id for one in had if one not in wanted and (id := parse_uuid(one))]
            await editor.change_channels(project, check.id, added, removed)
        else:
            await editor.update(project, check.id, parse_spec({"channels": ",".join(wanted)}, _API_VERSION))
        self._back(check, "Saved.")

    async def copy(self, project: Project, check: Check) -> None:
        fields: dict[str, Any] = {name: getattr(check, name) for name in _COPIED}
        fields["name"] = f"{check.name} (copy)"[:100]
        fields["channels"] = ",".join(map(str, check.channels))
        fields["depends_on"] = [str(one.id) for one in await self.services.dependencies.of(check)]
        fields |= {"timeout": check.timeout} if check.kind == "simple" else {"schedule": check.schedule}
        try:
            made, _ = await self.services.check_editor.create(project, parse_spec(fields, _API_VERSION))
        except Forbidden:
            self._back(check, "The project has as many checks as it may have.")
            return
        self.go(check_path(made.id), "This is the copy.")

    async def transfer(self, project: Project, check: Check) -> None:
        target = parse_uuid(self.form.get("project"))
        if target is None:
            raise InvalidRequest("project is not a project's id")
        other = await self.open_project(target, "editor")
        try:
            await self.services.check_transfer.move(project, check.id, other)
        except Forbidden:
            self._back(check, f"{other.name} has as many checks as it may have.")
            return
        self._back(check, f"The check is in {other.name} now. It has no channels there yet.")

    async def delete(self, project: Project, check: Check) -> None:
        if self.form.get("name") != check.name.strip():
            self._back(check, "Nothing was deleted: the name was another one.")
            return
        await self.services.check_deletion.delete(project, check.id)
        self.go(project_path(project), "The check is deleted.")

    def _back(self, check: Check, notice: str) -> None:
        """To the page of the check; a script that asks stays there."""
        if self.request.headers.get("X-Fragment"):
            self.write_text(notice)
            return
        self.go(check_path(check.id), notice)


_ACTIONS: Final[dict[str, Action]] = {
    "pause": CheckActions.pause,
    "resume": CheckActions.resume,
    "snooze": CheckActions.snooze,
    "ping": CheckActions.ping,
    "details": CheckActions.details,
    "channels": CheckActions.channels,
    "copy": CheckActions.copy,
    "transfer": CheckActions.transfer,
    "delete": CheckActions.delete,
}

ROUTES = [(rf"/checks/{CHECK}/({'|'.join(_ACTIONS)})", CheckActions)]
