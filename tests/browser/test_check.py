from __future__ import annotations

from typing import Any

import pytest

from tests.browser.browser import Browser, Keys
from tests.browser.pages_server import PagesServer


@pytest.fixture
def check(pages_server: PagesServer) -> Any:
    pages_server.clear()
    return pages_server.check(name="Nightly backup", slug="nightly", desc="see https://example.org/wiki")


def test_the_page_is_accessible_and_fits(browser: Browser, pages_server: PagesServer, check: Any) -> None:
    pages_server.ping(check, "/start")
    pages_server.ping(check, "/3", b"x" * 300 + b"\nerror: connection reset\n")
    browser.open(f"/checks/{check['uuid']}")
    browser.expect_in("#part-status", "exit status 3")
    browser.expect_accessible()


def test_the_first_ping_arrives_by_itself_and_then_somebody_is_named(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    browser.open(f"/checks/{check['uuid']}")
    browser.find("html.ready")
    browser.expect_in("#part-status", "Waiting for the first ping")
    assert browser.text("details.snippet[open] pre").endswith(check["ping_url"])
    pages_server.ping(check)
    browser.expect_in("#part-status", "Got it:")


def test_what_is_typed_is_not_disturbed_by_pings(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    browser.open(f"/checks/{check['uuid']}")
    browser.click("section[aria-labelledby=h-notes] summary")
    browser.fill("#desc", "half a sen")
    pages_server.ping(check, "/fail")
    browser.expect_in("#part-status", "failure reported")
    browser.press(*"tence")
    assert browser.value("#desc") == "half a sentence"


def test_the_output_of_a_run_opens_in_its_place(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    pages_server.ping(check, "/3", b"first line\nlast line")
    browser.open(f"/checks/{check['uuid']}")
    browser.find("html.ready")
    browser.click("#n1 > summary")
    browser.expect_in("#n1 pre", "last line")
    assert browser.violations() == []
    pages_server.ping(check)
    browser.expect_in("#part-status", "Up.")
    assert "last line" in browser.text("#n1 pre")
    browser.click("#n1 > summary")


def test_a_channel_is_switched_at_once(browser: Browser, pages_server: PagesServer, check: Any) -> None:
    key = pages_server.keys["api_key"]
    channel = pages_server.server.api(
        "channels/", key, {"kind": "email", "name": "ops", "fields": {"address": "ops@example.org"}}
    )
    path = f"/checks/{check['uuid']}"
    switch = f"[role=switch][value='{channel['id']}']"
    try:
        browser.open(path)
        browser.find("html.ready")
        browser.click(switch)
        browser.expect(".banner", "Saved.")
        assert channel["id"] in pages_server.server.api(path[1:], key)["channels"]
        browser.open(path)
        assert browser.find(switch).is_selected()
        browser.emulate(scripts=False)
        browser.open(path)
        browser.click(switch)
        browser.click("form[action$='/channels'] button")
        browser.expect(".notice", "Saved.")
        assert channel["id"] not in pages_server.server.api(path[1:], key)["channels"]
    finally:
        pages_server.server.request(f"/api/v3/channels/{channel['id']}", "DELETE", key=key)


def test_the_keyboard_alone_snoozes_and_deletes(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    browser.open(f"/checks/{check['uuid']}")
    browser.script("document.querySelector('.title summary').focus()")
    browser.press(Keys.ENTER, Keys.TAB, Keys.TAB, Keys.TAB, Keys.ENTER)
    browser.expect_in(".notice", "Snoozed for 1 hour.")
    browser.script("document.querySelector('.title summary').focus()")
    browser.press(Keys.ENTER)
    browser.script("document.querySelector('.title summary.danger').focus()")
    browser.press(Keys.ENTER, Keys.TAB, *"Nightly backup", Keys.ENTER)
    browser.expect_in(".notice", "The check is deleted.")
    assert browser.path == pages_server.path


def test_without_scripts_a_check_is_paused_and_its_notes_are_changed(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    browser.emulate(scripts=False)
    browser.open(f"/checks/{check['uuid']}")
    browser.click(".title summary")
    browser.click("form[action$='/pause'] button")
    browser.expect(".notice", "Paused.")
    browser.click("section[aria-labelledby=h-notes] summary")
    browser.fill("#desc", "new notes")
    browser.click("form[action$='/details'] button")
    browser.expect(".notes", "new notes")


def test_addresses_are_copied(browser: Browser, pages_server: PagesServer, check: Any) -> None:
    browser.open(f"/checks/{check['uuid']}")
    browser.find("html.ready")
    browser.click("[aria-label='Copy the address']")
    browser.expect(".banner", "Copied")


def test_output_and_notes_run_nothing(browser: Browser, pages_server: PagesServer, check: Any) -> None:
    evil = "<script>document.title='x'</script><img src=x onerror=\"document.title='x'\">"
    made = pages_server.check(name=evil[:90], desc=f"javascript:alert(1) {evil}")
    pages_server.ping(made, "/fail", evil.encode())
    browser.open(f"/checks/{made['uuid']}")
    browser.expect_in("#part-status pre", evil)
    assert browser.driver.title != "x"
