from __future__ import annotations

import re
from uuid import uuid4

from handlers.pages.paths import CHECK, check_path, project_path
from hcserver.domain.identifiers import unique_key
from tests.handlers.harness import NOWHERE, Site
from tests.handlers.pages.test_live import listening
from tests.handlers.pages.visitor import Visitor, make_check, visitor


def test_the_path_of_a_check_does_not_have_its_id() -> None:
    id = uuid4()
    assert check_path(id) == f"/checks/{unique_key(id)}"
    for name in (unique_key(id), str(id), str(id).upper()):
        assert re.fullmatch(CHECK, name)
    assert not re.fullmatch(CHECK, id.hex)


async def test_the_path_of_a_project_has_its_id(site: Site) -> None:
    assert project_path(site.project) == f"/p/{site.project.id}/"


async def test_a_check_is_found_by_its_key_and_by_its_id(site: Site, viewer: Visitor) -> None:
    check = await make_check(site, name="found")
    for path in (check_path(check.id), f"/checks/{check.id}", f"/checks/{str(check.id).upper()}"):
        assert (await viewer.page(path)).h1.get_text() == "found"


async def test_to_others_a_key_tells_nothing(site: Site, anonymous: Visitor) -> None:
    check, stranger = await make_check(site), await visitor(site, None)
    reply = await anonymous.get(check_path(check.id))
    assert (reply.status, str(check.id) in reply.text) == (303, False)
    assert reply.headers["location"] == f"/sign-in?next=%2Fchecks%2F{unique_key(check.id)}"
    for path in (check_path(check.id), check_path(NOWHERE), f"/checks/{NOWHERE}"):
        assert (await stranger.get(path)).status == 404


async def test_no_page_shows_a_viewer_by_which_address_a_check_is_pinged(site: Site, viewer: Visitor) -> None:
    """Also not where a job has sent its own address as output."""
    channel = await site.channel("ops")
    check = await make_check(site, name="", slug="a-job", channels=str(channel.id))
    url = f"curl https://hc.example.org/ping/{check.id} {site.project.ping_key}"
    await site.ping(str(check.id), "", f"{url}\n".encode() * 2)
    await site.ping(str(check.id), "/fail", f"{url}\n".encode() * 2)
    await site.settled()
    page, project = check_path(check.id), viewer.path
    below = ("activity", "channels", f"channels/{channel.id}", "windows", "settings/badges", "members")
    for path in (
        *("/", project, f"{project}?group=tag", f"{project}?q=a", *(project + one for one in below)),
        *(page, f"{page}/log", f"{page}/log/1", f"{page}/log/2", f"{page}/log/2/diff", f"{page}/log/2/raw"),
        *("/docs/", "/docs/api"),
    ):
        reply = await viewer.get(path)
        assert reply.status in (200, 303), (path, reply.status)
        shown = reply.text + str(reply.headers)
        for secret in (str(check.id), check.id.hex, site.project.ping_key):
            assert secret not in shown, path
    async with listening(site, viewer, f"{project}live") as events:
        await site.ping(str(check.id))
        assert str(check.id) not in str(await events.next("checks"))
