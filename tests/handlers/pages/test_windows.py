from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from handlers.pages.form import Form
from handlers.pages.windows import form_values, make_row, read_window, when_in_words
from hcserver.errors import InvalidRequest
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of

SUNDAYS = {
    "name": "Updates",
    "form": "recurring",
    "schedule": "Sun 03:00",
    "minutes": "90",
    "tz": "Europe/Riga",
}
# The clock of the tests stands at noon on 10 March 2024, a Sunday.
ONCE: dict[str, Any] = {
    "name": "Move",
    "form": "once",
    "start": "2024-03-12T22:00",
    "end": "2024-03-13T02:00",
    "tz": "UTC",
}


async def rows(visitor: Visitor) -> list[Any]:
    found: list[Any] = (await visitor.page(f"{visitor.path}windows")).select(".entries > li")
    return found


async def test_windows_of_both_forms_are_made_shown_and_deleted(site: Site, editor: Visitor) -> None:
    path = f"{editor.path}windows"
    check = await make_check(site, name="Backup", tags="db")
    for fields, covers in ((SUNDAYS, "tag:db"), (ONCE, f"check:{check.id}")):
        reply = await editor.post(path, **fields, covers=covers)
        assert (reply.status, reply.headers["location"]) == (303, path)
        site.clock.advance(1)
    [first, second] = await rows(editor)
    text = first.get_text(" ", strip=True)
    assert text.startswith("Updates checks with the tag db Sundays at 03:00, for 1 h 30 min (Europe/Riga)")
    assert second.get_text(" ", strip=True).startswith("Move Backup once, for 4 h; opens in 2 days")
    assert len(first.select("svg .open")) == 1
    for window in await site.services.windows.of_project(site.project):
        assert (await editor.post(f"{path}/{window.id}/delete")).status == 303
    assert await rows(editor) == []


async def test_the_form_of_a_window_has_its_values_and_changes_it(site: Site, editor: Visitor) -> None:
    path = f"{editor.path}windows"
    await editor.post(path, **SUNDAYS, covers="")
    [window] = await site.services.windows.of_project(site.project)
    page = await editor.page(f"{path}?edit={window.id}")
    assert page.select_one("#schedule")["value"] == "Sun 03:00"
    assert page.select_one("#tz")["value"] == "Europe/Riga"
    await editor.post(path, **{**SUNDAYS, "minutes": "5"}, id=str(window.id))
    [changed] = await site.services.windows.of_project(site.project)
    assert (changed.id, changed.minutes) == (window.id, 5)
    await editor.post(path, **ONCE, id=str(window.id))
    [changed] = await site.services.windows.of_project(site.project)
    assert changed.schedule == ""
    assert form_values(changed).items() >= ONCE.items()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({**SUNDAYS, "minutes": "x"}, "minutes is not a number"),
        ({**SUNDAYS, "schedule": "never"}, "schedule is not a valid cron or OnCalendar expression"),
        ({**SUNDAYS, "tz": "Mars"}, "tz is not a valid timezone"),
        ({**SUNDAYS, "covers": "check:x"}, "check is not a uuid"),
        ({**ONCE, "start": ""}, "start is missing"),
        ({**ONCE, "end": "tomorrow"}, "end or its time zone is not valid"),
        ({**ONCE, "tz": "Mars"}, "or its time zone is not valid"),
        ({**ONCE, "end": "2024-03-12T21:00"}, "end is not after start"),
    ],
)
async def test_faults_are_named_and_nothing_typed_is_lost(
    site: Site, editor: Visitor, fields: dict[str, str], text: str
) -> None:
    reply = await editor.post(f"{editor.path}windows", **{"covers": "", **fields})
    assert reply.status == 400
    assert text in text_of(reply)
    assert f'value="{fields["name"]}"' in reply.text
    assert await site.services.windows.of_project(site.project) == []


async def test_the_heading_says_what_is_open(site: Site, editor: Visitor) -> None:
    page = await editor.page(f"{editor.path}windows")
    assert page.h1.get_text() == "No maintenance now"
    await editor.post(
        f"{editor.path}windows", **{**SUNDAYS, "schedule": "* * * * *", "minutes": "2"}, covers=""
    )
    page = await editor.page(f"{editor.path}windows")
    assert page.h1.get_text() == "Maintenance: 1 window open now"
    assert "open until" in page.select_one(".entries").get_text()


async def test_a_viewer_sees_windows_and_changes_none(site: Site, viewer: Visitor) -> None:
    await site.services.windows.create(site.project, {"schedule": "Sun 03:00", "minutes": 1})
    [window] = await site.services.windows.of_project(site.project)
    page = await viewer.page(f"{viewer.path}windows")
    assert page.select(".entries > li") and not page.select("main form")
    assert (await viewer.post(f"{viewer.path}windows", **SUNDAYS, covers="")).status == 403
    assert (await viewer.post(f"{viewer.path}windows/{window.id}/delete")).status == 403


async def test_a_window_that_opens_every_minute_is_one_bar(site: Site) -> None:
    window = await site.services.windows.create(site.project, {"schedule": "* * * * *", "minutes": 1})
    row = await make_row(window, None, site.clock())
    assert row.bars.endswith('d="M0.0 4H560.0V16H0.0z"/></svg>')
    assert row.open and row.next is not None
    assert row.next.end - site.clock() <= timedelta(minutes=1)
    assert when_in_words(window) == "every minute, for 1 min (UTC)"


async def test_the_days_ahead_are_those_of_the_reader(site: Site, editor: Visitor) -> None:
    await site.services.windows.create(site.project, {"schedule": "Mon 00:00", "minutes": 1440})
    for cookie, first, bar in (("tz=Pacific%2FKiritimati", "Mo 11", "M23.3 "), ("", "Su 10", "M40.0 ")):
        reply = await site.request(
            "GET", f"{editor.path}windows", {"Cookie": f"{editor.headers['Cookie']}; {cookie}"}
        )
        page = BeautifulSoup(reply.text, "lxml")
        day, drawn = page.select_one(".dates span"), page.select_one("path.open")
        assert day is not None and drawn is not None
        assert day.get_text(" ") == first
        assert str(drawn["d"]).startswith(bar)


def test_local_times_are_those_of_the_zone() -> None:
    form = Form({name: [value] for name, value in {**ONCE, "tz": "Europe/Riga"}.items()})
    start = datetime.fromisoformat(read_window(form)["start"])
    assert start == datetime(2024, 3, 12, 20, 0, tzinfo=UTC)
    with pytest.raises(InvalidRequest, match="start is missing"):
        read_window(Form({"form": ["once"]}))
