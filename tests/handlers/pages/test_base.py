from __future__ import annotations

import pytest

from handlers.pages.base import FORM_LIMIT, own_path
from handlers.pages.paths import check_path
from tests.handlers.harness import NOWHERE, Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of, visitor


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/p/x/?q=a", "/p/x/?q=a"),
        ("", "/"),
        ("https://example.org/", "/"),
        ("//example.org/", "/"),
        ("/\\example.org", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\nb", "/"),
        ("//[", "/"),
        ("/[", "/["),
    ],
)
def test_only_paths_of_this_server_are_led_to(path: str, own: str) -> None:
    assert own_path(path) == own


async def test_a_next_page_that_is_no_address_is_no_fault_of_the_server(anonymous: Visitor) -> None:
    assert (await anonymous.get("/sign-in?next=//%5B")).status == 200


async def test_a_page_allows_nothing_from_elsewhere(editor: Visitor) -> None:
    headers = (await editor.get(editor.path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache, private"


async def test_a_form_without_its_token_is_refused(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    for token in ("", "another"):
        reply = await editor.post(f"/checks/{check.id}/pause", xsrf=token)
        assert reply.status == 403
        assert "no longer valid" in text_of(reply)
    assert (await site.services.checks.by_id(check.id)).status == "new"


async def test_a_form_that_is_too_large_or_none_at_all_is_refused(site: Site, editor: Visitor) -> None:
    path = f"/checks/{(await make_check(site)).id}/details"
    assert (await editor.post(path, desc="x" * FORM_LIMIT)).status == 413
    reply = await site.request("POST", path, {**editor.headers, "Content-Type": "application/json"}, b"{}")
    assert reply.status == 400


async def test_a_session_that_was_revoked_leads_to_the_sign_in(site: Site, editor: Visitor) -> None:
    await site.services.accounts.sign_out(editor.token)
    reply = await editor.get(f"{editor.path}?q=a%20b")
    assert reply.status == 303
    assert reply.headers["location"] == f"/sign-in?next=%2Fp%2F{site.project.id}%2F%3Fq%3Da%2520b"
    assert (await editor.post(f"{editor.path}bulk", action="pause")).headers["location"] == "/sign-in"


async def test_what_a_role_does_not_allow_is_refused(site: Site, viewer: Visitor) -> None:
    check = await make_check(site)
    reply = await viewer.post(f"/checks/{check.id}/pause")
    assert reply.status == 403
    assert "editor" in text_of(reply)


async def test_checks_of_other_projects_and_unknown_ones_are_not_there(site: Site) -> None:
    stranger = await visitor(site, None)
    check = await make_check(site)
    for path in (f"/checks/{check.id}", f"/checks/{NOWHERE}", f"/p/{NOWHERE}/"):
        assert (await stranger.get(path)).status == 404


async def test_a_notice_is_shown_once(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    reply = await editor.post(f"/checks/{check.id}/pause")
    assert (reply.status, reply.headers["location"]) == (303, check_path(check.id))
    notice = reply.headers["set-cookie"]
    assert notice.startswith("notice=Paused.") and "HttpOnly" in notice and "Secure" in notice
    shown = await site.request(
        "GET", editor.path, {"Cookie": f"{editor.headers['Cookie']}; notice=Two+words%3Cb%3E"}
    )
    assert "Two words&lt;b&gt;" in shown.text
    assert 'notice="";' in shown.headers["set-cookie"]


async def test_a_long_notice_is_cut_as_it_travels_in_a_cookie(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    reply = await editor.post(f"/checks/{check.id}/notify", ntfy="ä ö" * 2000)
    cookie = reply.headers["set-cookie"].split(";")[0]
    assert cookie.startswith("notice=Nothing+was+saved")
    assert len(cookie) < 4000
