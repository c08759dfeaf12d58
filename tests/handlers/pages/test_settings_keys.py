from __future__ import annotations

import re

import pytest

from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of


async def test_an_editor_sees_the_ping_key_at_any_time_and_no_other(site: Site, editor: Visitor) -> None:
    reply = await editor.get(f"{editor.path}settings/keys")
    assert site.keys.ping_key in reply.text
    assert "no-store" in reply.headers["cache-control"]
    for key in (site.keys.api_key, site.keys.api_key_readonly, site.keys.badge_key):
        assert key not in reply.text
    assert "API key" not in text_of(reply)


async def test_an_admin_sees_api_keys_masked(site: Site, admin: Visitor) -> None:
    reply = await admin.get(f"{admin.path}settings/keys")
    assert site.keys.badge_key in reply.text
    assert "hcw_••••" in reply.text and "hcr_••••" in reply.text
    assert site.keys.api_key not in reply.text and site.keys.api_key_readonly not in reply.text


@pytest.mark.parametrize(("kind", "prefix"), [("api", "hcw_"), ("api-readonly", "hcr_")])
async def test_a_new_api_key_is_shown_once(site: Site, admin: Visitor, kind: str, prefix: str) -> None:
    path = f"{admin.path}settings/keys/{kind}"
    question = await admin.get(path)
    assert "refused from then on" in text_of(question)
    reply = await admin.post(path)
    assert reply.status == 200
    assert "no-store" in reply.headers["cache-control"]
    found = re.search(rf"{prefix}[0-9A-Za-z]{{28}}", reply.text)
    assert found is not None
    assert (await site.api("GET", "checks/", key=found[0])).status == 200
    old = site.keys.api_key if kind == "api" else site.keys.api_key_readonly
    assert (await site.api("GET", "checks/", key=old)).status == 401
    for later in (path, f"{admin.path}settings/keys"):
        assert found[0] not in (await admin.get(later)).text


async def test_an_editor_replaces_the_ping_key(site: Site, editor: Visitor) -> None:
    await make_check(site, slug="job")
    assert (await site.request("GET", f"/ping/{site.keys.ping_key}/job")).status == 200
    path = f"{editor.path}settings/keys"
    assert "refused from then on" in text_of(await editor.get(f"{path}/ping"))
    reply = await editor.post(f"{path}/ping")
    assert (reply.status, reply.headers["location"]) == (303, path)
    page = await editor.page(path)
    new = page.select_one(".copy code").get_text()
    assert new != site.keys.ping_key
    assert (await site.request("GET", f"/ping/{site.keys.ping_key}/job")).status == 404
    assert (await site.request("GET", f"/ping/{new}/job")).status == 200


async def test_only_an_admin_replaces_other_keys(site: Site, editor: Visitor) -> None:
    for kind in ("api", "api-readonly", "badge"):
        assert (await editor.get(f"{editor.path}settings/keys/{kind}")).status == 403
        assert (await editor.post(f"{editor.path}settings/keys/{kind}")).status == 403
    assert (await site.api("GET", "checks/")).status == 200


async def test_an_admin_replaces_the_badge_key(site: Site, admin: Visitor) -> None:
    old = (await site.badges())["*"]["json"]
    assert (await admin.post(f"{admin.path}settings/keys/badge")).status == 303
    assert (await site.request("GET", old)).status == 404


async def test_viewers_see_no_keys(site: Site, viewer: Visitor) -> None:
    for path in ("settings/keys", "settings/keys/ping"):
        reply = await viewer.get(viewer.path + path)
        assert reply.status == 403
        assert site.keys.ping_key not in reply.text
    assert (await viewer.post(f"{viewer.path}settings/keys/ping")).status == 403


async def test_there_are_no_other_kinds_of_keys(admin: Visitor) -> None:
    assert (await admin.get(f"{admin.path}settings/keys/root")).status == 404
