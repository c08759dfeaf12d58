from __future__ import annotations

from uuid import UUID

import pytest

from handlers.pages.paths import check_path
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of


async def test_a_name_and_a_period_make_a_check_that_notifies_every_channel(
    site: Site, editor: Visitor
) -> None:
    channel = await site.channel("ops")
    reply = await editor.post(
        f"{editor.path}new", name="Nightly backup", period="3600", grace="300", tags="db"
    )
    [check] = (await site.api("GET", "checks/")).json["checks"]
    assert (reply.status, reply.headers["location"]) == (303, check_path(UUID(check["uuid"])))
    shown = {name: check[name] for name in ("name", "slug", "timeout", "grace", "tags", "channels")}
    assert shown == {
        "name": "Nightly backup",
        "slug": "nightly-backup",
        "timeout": 3600,
        "grace": 300,
        "tags": "db",
        "channels": str(channel.id),
    }


async def test_an_expression_wins_over_the_period(site: Site, editor: Visitor) -> None:
    await editor.post(
        f"{editor.path}new", name="x", period="3600", grace="60", schedule="15 3 * * *", tz="Europe/Riga"
    )
    [check] = (await site.api("GET", "checks/")).json["checks"]
    assert (check["schedule"], check["tz"]) == ("15 3 * * *", "Europe/Riga")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": " "}, "name is missing"),
        ({"name": "x" * 101}, "name is too long"),
        ({"period": "soon"}, "period is not a number"),
        ({"grace": "1"}, "grace is too small"),
        ({"schedule": "every day"}, "schedule is not a valid cron or OnCalendar expression"),
        ({"schedule": "* * * * *", "tz": "Mars"}, "tz is not a valid timezone"),
    ],
)
async def test_a_fault_is_named_and_what_was_typed_is_kept(
    site: Site, editor: Visitor, fields: dict[str, str], text: str
) -> None:
    given = {"name": "kept", "period": "3600", "grace": "300", **fields}
    reply = await editor.post(f"{editor.path}new", **given)
    assert reply.status == 400
    assert text in text_of(reply)
    assert fields.get("name", 'value="kept"') in reply.text
    assert (await site.api("GET", "checks/")).json["checks"] == []


async def test_the_limit_of_checks_holds(site: Site, editor: Visitor) -> None:
    await site.services.projects.limit(site.project, 1, None)
    await make_check(site)
    reply = await editor.post(f"{editor.path}new", name="x", period="3600", grace="300")
    assert (reply.status, "as many checks as it may have" in text_of(reply)) == (400, True)


async def test_a_viewer_can_make_none(viewer: Visitor) -> None:
    assert (await viewer.get(f"{viewer.path}new")).status == 403
