from __future__ import annotations

import re

import pytest

from hcserver.services.management.api_keys import MAX_API_KEYS
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


async def make(admin: Visitor, name: str, access: str = "read-write") -> str:
    """A new API key with this name, in clear."""
    reply = await admin.post(f"{admin.path}settings/keys", name=name, access=access)
    assert reply.status == 200
    assert "no-store" in reply.headers["cache-control"]
    assert "It is shown only now" in text_of(reply)
    found = re.search("hck_[0-9A-Za-z]{28}", reply.text)
    assert found is not None
    return found[0]


async def test_an_api_key_with_a_name_is_shown_once_and_listed(site: Site, admin: Visitor) -> None:
    path = f"{admin.path}settings/keys"
    assert "There is none yet." in text_of(await admin.get(path))
    key = await make(admin, "<Grafana>", "read-only")
    page = await admin.page(path)
    assert key not in page.prettify()
    [row] = page.select(".rows > li")
    assert row.strong.get_text() == "<Grafana>"
    assert "read-only" in row.get_text() and "not used yet" in row.get_text()
    assert (await site.api("GET", "checks/", key=key)).status == 200
    assert (await site.api("POST", "checks/", {}, key=key)).status == 401
    [row] = (await admin.page(path)).select(".rows > li")
    assert "last used" in row.get_text()


async def test_a_key_with_a_name_is_revoked_when_that_is_confirmed(site: Site, admin: Visitor) -> None:
    path = f"{admin.path}settings/keys"
    key = await make(admin, "backup")
    site.clock.advance(1)
    other = await make(admin, "other")
    link = (await admin.page(path)).select_one(".rows > li a")["href"]
    question = await admin.page(link)
    assert question.h2.get_text() == "backup: revoke this API key?"
    assert "refused from then on" in question.get_text()
    assert (await site.api("GET", "checks/", key=key)).status == 200
    reply = await admin.post(link)
    assert (reply.status, reply.headers["location"]) == (303, path)
    assert (await site.api("GET", "checks/", key=key)).status == 401
    for good in (other, site.keys.api_key):
        assert (await site.api("GET", "checks/", key=good)).status == 200
    assert (await admin.get(link)).status == (await admin.post(link)).status == 404


async def test_a_key_needs_a_name_and_an_access(site: Site, admin: Visitor) -> None:
    path = f"{admin.path}settings/keys"
    reply = await admin.post(path, name=" ", access="read-only")
    assert reply.status == 400
    assert 'id="name-fault"' in reply.text
    assert "no-store" in reply.headers["cache-control"]
    for access in ("", "root"):
        reply = await admin.post(path, name="Grafana", access=access)
        assert reply.status == 400
        assert 'id="access-fault"' in reply.text and 'value="Grafana"' in reply.text
    assert await site.services.api_keys.of_project(site.project) == []
    await make(admin, "Grafana")
    reply = await admin.post(path, name="Grafana", access="read-only")
    assert (reply.status, "Another API key of the project has this name." in text_of(reply)) == (400, True)


async def test_a_project_has_only_so_many_keys(site: Site, admin: Visitor) -> None:
    for number in range(MAX_API_KEYS):
        await site.services.api_keys.create(site.project, f"{number}", "read-write")
    reply = await admin.post(f"{admin.path}settings/keys", name="one more", access="read-write")
    assert reply.status == 400
    assert f"at most {MAX_API_KEYS}" in text_of(reply)


async def test_only_admins_make_list_and_revoke_keys(site: Site, editor: Visitor, viewer: Visitor) -> None:
    key, clear = await site.services.api_keys.create(site.project, "backup", "read-write")
    path = f"{editor.path}settings/keys"
    assert "backup" not in (await editor.get(path)).text
    for visitor in (editor, viewer):
        assert (await visitor.post(path, name="mine", access="read-write")).status == 403
        for reply in (await visitor.get(f"{path}/{key.id}"), await visitor.post(f"{path}/{key.id}")):
            assert (reply.status, "backup" in reply.text) == (403, False)
    assert (await site.api("GET", "checks/", key=clear)).status == 200
    assert len(await site.services.api_keys.of_project(site.project)) == 1


async def test_another_projects_key_is_not_revoked(site: Site, admin: Visitor) -> None:
    foreign = (await site.beside()).project
    key, clear = await site.services.api_keys.create(foreign, "theirs", "read-write")
    for reply in (
        await admin.get(f"{admin.path}settings/keys/{key.id}"),
        await admin.post(f"{admin.path}settings/keys/{key.id}"),
    ):
        assert (reply.status, "theirs" in reply.text) == (404, False)
    assert (await site.api("GET", "checks/", key=clear)).status == 200


async def test_a_form_from_elsewhere_makes_and_revokes_nothing(site: Site, admin: Visitor) -> None:
    key, _ = await site.services.api_keys.create(site.project, "backup", "read-write")
    path = f"{admin.path}settings/keys"
    assert (await admin.post(path, xsrf="x" * 32, name="mine", access="read-write")).status == 403
    assert (await admin.post(f"{path}/{key.id}", xsrf="x" * 32)).status == 403
    assert len(await site.services.api_keys.of_project(site.project)) == 1
