from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from handlers.pages.paths import check_path
from hcserver.domain.ping import Signal
from tests.handlers.harness import NOWHERE, Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of

CRON = {"kind": "cron", "cron": "15 3 * * *", "tz": "Europe/Berlin", "grace": "1", "grace_unit": "hours"}
HOURLY = {"kind": "simple", "every": "1", "every_unit": "hours", "grace": "5", "grace_unit": "minutes"}


def read(text: str) -> Any:
    return BeautifulSoup(text, "lxml")


async def ping_hourly(site: Site, check_id: str, count: int, signal: Signal = "success") -> None:
    for _ in range(count):
        await site.ping(check_id, "" if signal == "success" else f"/{signal}")
        site.clock.advance(3600)


async def test_the_form_has_what_the_check_has(site: Site, editor: Visitor) -> None:
    check = await make_check(site, timeout=7200, grace=90)
    page = await editor.page(f"/checks/{check.id}/schedule")
    assert page.select_one("[name=kind][checked]")["value"] == "simple"
    assert (page.find(id="every")["value"], page.find(id="grace")["value"]) == ("2", "90")
    units = [one.get_text() for one in page.select("select:not([name=early_unit]) option[selected]")]
    assert units == ["hours", "seconds", "minutes", "minutes"]
    assert "Every 2 hours" in page.find(id="preview").get_text()
    assert "The first ping starts the clock" in page.find(id="preview").get_text()


async def test_the_next_six_are_shown_in_the_zone_of_the_check(site: Site, editor: Visitor) -> None:
    fields = {"schedule": "15 3 * * *", "tz": "Europe/Berlin"}
    check = await make_check(site, **fields)
    page = await editor.page(f"/checks/{check.id}/schedule")
    rows = [row.td.get_text() for row in page.select("#preview tbody tr")]
    assert rows[0] == "Mon 11 Mar 03:15" and len(rows) == 6
    assert page.select_one("#preview time")["datetime"] == "2024-03-11T02:15:00Z"


async def test_a_preview_saves_nothing(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    path = f"/checks/{check.id}/schedule"
    reply = await editor.post(path, do="preview", **CRON)
    assert reply.status == 200
    page = read(reply.text)
    assert page.select_one("[name=kind][checked]")["value"] == "cron"
    assert page.find(id="cron")["value"] == "15 3 * * *"
    assert "03:15 every day" in text_of(reply)
    assert (await site.services.checks.get(site.project, check.id)).kind == "simple"


async def test_the_script_gets_the_preview_alone(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    reply = await editor.fragment(f"/checks/{check.id}/schedule", "preview", do="preview", **CRON)
    assert reply.status == 200 and "<html" not in reply.text
    assert "03:15 every day + 1 h" in text_of(reply)
    faulty = {**CRON, "cron": "61 * * * *", "grace": "x"}
    reply = await editor.fragment(f"/checks/{check.id}/schedule", "preview", do="preview", **faulty)
    shown = read(reply.text).p
    assert shown["data-fault-cron"] == "The expression is not a valid cron or OnCalendar expression."
    assert shown["data-fault-grace"] == "The grace time is not a whole number."


async def test_the_script_gets_the_form_alone_for_a_dialog(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    reply = await editor.get(f"/checks/{check.id}/schedule", X_Fragment="dialog")
    assert reply.status == 200 and "<html" not in reply.text
    assert read(reply.text).form["action"] == f"{check_path(check.id)}/schedule"


async def test_saving_changes_the_check(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    reply = await editor.post(f"/checks/{check.id}/schedule", **CRON)
    assert (reply.status, reply.headers["location"]) == (303, check_path(check.id))
    saved = await site.services.checks.get(site.project, check.id)
    assert (saved.kind, saved.schedule, saved.tz, saved.grace) == (
        "cron",
        "15 3 * * *",
        "Europe/Berlin",
        3600,
    )
    await editor.post(f"/checks/{check.id}/schedule", **HOURLY)
    saved = await site.services.checks.get(site.project, check.id)
    assert (saved.kind, saved.timeout, saved.grace) == ("simple", 3600, 300)


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"cron": "0 0 30 2 *"}, "cron", "The expression is not a valid cron or OnCalendar expression."),
        ({"cron": "Mon 10:00"}, "cron", "The expression does not have five fields."),
        ({"tz": "Mars/Olympus"}, "tz", "The time zone is not a valid timezone."),
        ({"grace": "10", "grace_unit": "seconds"}, "grace", "The grace time is too small."),
        ({"early": "2", "early_unit": "days"}, "early", "How early it may come is too large."),
        ({"max_runtime": "9" * 20}, "max_runtime", "The maximum runtime is not a whole number."),
        ({"min_runtime": "90"}, "min_runtime", "The minimum runtime is not shorter than a run may take."),
    ],
)
async def test_faults_stand_beside_their_field(
    site: Site, editor: Visitor, changes: dict[str, str], field: str, text: str
) -> None:
    check = await make_check(site)
    reply = await editor.post(f"/checks/{check.id}/schedule", **{**CRON, **changes})
    page = read(reply.text)
    assert reply.status == 400
    assert page.find(id=f"fault-{field}").get_text() == text
    assert page.find(id=field)["aria-invalid"] == "true"
    assert page.find(id=field)["value"] == changes[field]
    assert (await site.services.checks.get(site.project, check.id)).kind == "simple"


async def test_a_maximum_runtime_is_set_and_taken_away(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    path, runtime = f"/checks/{check.id}/schedule", {"max_runtime": "5", "max_runtime_unit": "hours"}
    preview = await editor.fragment(path, "preview", do="preview", **HOURLY, **runtime)
    assert "A run may take 5 h." in text_of(preview)
    await editor.post(path, **HOURLY, **runtime)
    assert (await site.services.checks.get(site.project, check.id)).max_runtime == 18_000
    page = await editor.page(path)
    assert page.find(id="max_runtime")["value"] == "5"
    assert [one.get_text() for one in page.select("[name=max_runtime_unit] [selected]")] == ["hours"]
    await editor.post(path, **CRON)
    assert (await site.services.checks.get(site.project, check.id)).max_runtime == 18_000
    await editor.post(path, **HOURLY, max_runtime="")
    assert (await site.services.checks.get(site.project, check.id)).max_runtime == 0


async def test_how_early_it_may_come_is_set_and_taken_away(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    path, early = f"/checks/{check.id}/schedule", {"early": "10", "early_unit": "minutes"}
    preview = await editor.fragment(path, "preview", do="preview", **CRON, **early)
    assert "A report that comes up to 10 min before its time counts for it." in text_of(preview)
    await editor.post(path, **CRON, **early)
    assert (await site.services.checks.get(site.project, check.id)).early == 600
    page = await editor.page(path)
    assert page.find(id="early")["value"] == "10"
    # For a period it means nothing, and stays as it is.
    await editor.post(path, **HOURLY, **early | {"early": "20"})
    assert (await site.services.checks.get(site.project, check.id)).early == 600
    await editor.post(path, **CRON, early="")
    assert (await site.services.checks.get(site.project, check.id)).early == 0


async def test_a_suggestion_leaves_the_maximum_runtime(site: Site, editor: Visitor) -> None:
    check = await make_check(site, timeout=86_400)
    await ping_hourly(site, str(check.id), 8)
    form = {**CRON, "max_runtime": "5", "max_runtime_unit": "hours", "early": "7"}
    filled = read((await editor.post(f"/checks/{check.id}/schedule", do="period", **form)).text)
    assert [filled.find(id=id)["value"] for id in ("every", "max_runtime", "early")] == ["1", "5", "7"]


async def test_the_history_is_judged_by_the_settings(site: Site, editor: Visitor) -> None:
    check = await make_check(site, timeout=3600)
    await ping_hourly(site, str(check.id), 60)
    site.clock.advance(-1)
    path = f"/checks/{check.id}/schedule"
    assert "Of the last 50 runs, 50 would have been late, 0 down." in text_of(await editor.get(path))
    shorter = {**HOURLY, "every": "50", "every_unit": "minutes"}
    reply = await editor.fragment(path, "preview", do="preview", **shorter)
    assert "Of the last 50 runs, 0 would have been late, 50 down." in text_of(reply)


async def test_a_suggestion_from_the_history_can_be_filled_in(site: Site, editor: Visitor) -> None:
    check = await make_check(site, timeout=86_400)
    await ping_hourly(site, str(check.id), 8)
    path = f"/checks/{check.id}/schedule"
    page = await editor.page(path)
    assert [one["value"] for one in page.select("button[form=form]")] == ["period", "cron"]
    filled = read((await editor.post(path, do="period", **CRON)).text)
    assert filled.select_one("[name=kind][checked]")["value"] == "simple"
    assert (filled.find(id="every")["value"], filled.find(id="grace")["value"]) == ("1", "2")
    by_cron = read((await editor.post(path, do="cron", **CRON)).text)
    assert by_cron.find(id="cron")["value"] == "0 * * * *"


async def test_a_suggestion_that_is_not_there_changes_nothing(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    page = read((await editor.post(f"/checks/{check.id}/schedule", do="period", **CRON)).text)
    assert page.find(id="cron")["value"] == "15 3 * * *"
    assert not page.select("button[form=form]")


async def test_a_change_of_the_clock_is_marked(site: Site, editor: Visitor) -> None:
    site.clock.now += timedelta(days=19)  # 29 March 2024
    check = await make_check(site, schedule="30 2 * * *", tz="Europe/Berlin")
    text = text_of(await editor.get(f"/checks/{check.id}/schedule"))
    assert "Sun 31 Mar 03:00 moved from 02:30, a time that the clock skips on this day" in text


async def test_only_editors_of_the_project_change_a_schedule(
    site: Site, viewer: Visitor, editor: Visitor, anonymous: Visitor
) -> None:
    check = await make_check(site)
    path = f"/checks/{check.id}/schedule"
    assert (await viewer.get(path)).status == 403
    assert (await viewer.post(path, **CRON)).status == 403
    assert (await anonymous.get(path)).status == 303
    assert (await editor.post(path, xsrf="wrong", **CRON)).status == 403
    assert (await editor.get(f"/checks/{NOWHERE}/schedule")).status == 404
    assert (await site.services.checks.get(site.project, check.id)).kind == "simple"


@pytest.mark.parametrize(
    "text", ["\0", "\ud7ff", "9" * 5000, "-1", "\u0661", "../UTC", "*\n" * 400, "&<>\"'", ""]
)
@pytest.mark.parametrize("do", ["", "preview", "period", "cron", "nonsense"])
async def test_no_text_in_a_field_is_an_error_of_the_server(
    site: Site, editor: Visitor, text: str, do: str
) -> None:
    path = f"/checks/{(await make_check(site)).id}/schedule"
    for kind in ("simple", "cron", "oncalendar", text):
        fields = dict.fromkeys(
            (
                "every",
                "cron",
                "oncalendar",
                "tz",
                "grace",
                "max_runtime",
                "min_runtime",
                "every_unit",
                "grace_unit",
            ),
            text,
        )
        fields["early"] = text
        reply = await editor.post(path, do=do, kind=kind, **fields)
        assert reply.status in (200, 400)


async def test_a_minimum_runtime_is_previewed_set_and_taken_away(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    path = f"/checks/{check.id}/schedule"
    for seconds in (200, 2, 200):
        await site.ping(str(check.id), "/start")
        site.clock.advance(seconds)
        await site.ping(str(check.id))
    least = {**HOURLY, "min_runtime": "3", "min_runtime_unit": "minutes"}
    preview = text_of(await editor.fragment(path, "preview", do="preview", **least))
    assert "A run that succeeds in less than 3 min has failed." in preview
    assert "Of the last 2 runs, 0 would have been late, 0 down, 1 too short." in preview
    await editor.post(path, **least)
    assert (await site.services.checks.get(site.project, check.id)).min_runtime == 180
    page = await editor.page(path)
    assert page.find(id="min_runtime")["value"] == "3"
    filled = await editor.post(path, do="period", **least)
    assert read(filled.text).find(id="min_runtime")["value"] == "3"
    await editor.post(path, **HOURLY, min_runtime="")
    assert (await site.services.checks.get(site.project, check.id)).min_runtime == 0
