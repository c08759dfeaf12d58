from __future__ import annotations

import pytest

from tests.browser.browser import Browser
from tests.browser.pages_server import PagesServer


@pytest.fixture
def channels(pages_server: PagesServer) -> str:
    """The path of the list, which is empty; afterwards it is empty again."""
    key = pages_server.keys["api_key"]
    for one in pages_server.server.api("channels/", key)["channels"]:
        pages_server.server.request(f"/api/v3/channels/{one['id']}", "DELETE", key=key)
    return f"{pages_server.path}channels"


def make_ntfy(browser: Browser, channels: str) -> None:
    browser.open(f"{channels}/new?kind=ntfy")
    browser.type("#field-topic", "backups-x7Qp2")
    browser.type("#name", "phone")
    browser.click("main .button")
    browser.find(".entries")


def test_a_channel_is_found_made_and_tested_in_its_row(browser: Browser, channels: str) -> None:
    browser.open(channels)
    browser.click("main .button")
    browser.find("html.ready")
    browser.type("#q", "EMAIL")
    browser.wait(lambda: [one.text for one in browser.all(".tile strong") if one.is_displayed()] == ["Email"])
    browser.click(".tile")
    browser.type("#field-address", "ops@example.org")
    browser.click("main .button")
    browser.expect_in(".notice", "Email is there")
    browser.expect("h1", "1 channel")
    browser.find("html.ready")
    browser.click(".does form button")
    browser.expect_in(".result", "ms: there is no mail server")
    assert browser.path == channels


def test_without_scripts_it_is_searched_made_tested_edited_disabled_and_deleted(
    browser: Browser, channels: str
) -> None:
    browser.emulate(scripts=False)
    browser.open(f"{channels}/new")
    browser.type("#q", "mail")
    browser.click("form[role=search] button")
    browser.click(".tile[href='?kind=email']")
    browser.type("#field-address", "nobody")
    # The browser itself refuses what is no address: this one, it takes.
    browser.type("#field-address", "@example.org")
    browser.click("main .button")
    browser.click(".does form button")
    browser.expect_in(".notice", "It failed after")
    browser.click(".does summary")
    browser.click(".does .panel a")
    browser.expect("h1", "Edit Email")
    browser.type("#name", " of the team")
    browser.click("main .button")
    browser.expect(".notice", "Saved.")
    browser.expect("h1", "Email of the team")
    browser.open(channels)
    browser.click(".does summary")
    browser.click("form[action$=disable] button")
    browser.expect(".entries .state", "Disabled")
    browser.click(".does summary")
    browser.click(".does .panel summary")
    browser.click("form[action$=delete] button")
    browser.expect("h1", "No channels yet")


def test_a_fault_stands_at_its_field(browser: Browser, channels: str) -> None:
    browser.open(f"{channels}/new?kind=ntfy")
    browser.type("#field-topic", "two words")
    browser.click("main .button")
    browser.expect("#fault-topic", "Topic does not look like backups-x7Qp2")
    assert browser.value("#field-topic") == "two words"
    # The server has answered 400, which the console shows as an error.
    assert all("400" in error for error in browser.wait(browser.errors))


def test_deliveries_show_by_themselves_and_a_test_keeps_its_answer(
    browser: Browser, pages_server: PagesServer, channels: str
) -> None:
    channel = pages_server.server.api(
        "channels/", pages_server.keys["api_key"], {"kind": "email", "target": "ops@example.org"}
    )
    check = pages_server.check(channels="*", name="Backup")
    pages_server.ping(check)
    browser.open(channels)
    browser.find("html.ready")
    browser.expect_in(".how", "Nothing was sent yet")
    browser.click(".does form button")
    browser.expect_in(".result", "there is no mail server")
    pages_server.ping(check, "/fail")
    browser.expect(".how .state", "Failed")
    assert "It failed after" in browser.text(".result")
    browser.open(f"{channels}/{channel['id']}")
    browser.find("html.ready")
    browser.wait(lambda: len(browser.all("#deliveries li")) == 1)
    pages_server.ping(check)
    browser.wait(lambda: len(browser.all("#deliveries li")) == 2)
    assert "Backup is up again" in browser.text("#deliveries li")


@pytest.mark.parametrize("width", [320, 683])
def test_long_names_and_the_forms_of_all_kinds_fit(
    browser: Browser, pages_server: PagesServer, channels: str, width: int
) -> None:
    """On a small phone, and at 200 % on a laptop."""
    key = pages_server.keys["api_key"]
    fields = {"kind": "email", "target": "ops@example.org", "name": "W" * 90}
    channel = pages_server.server.api("channels/", key, fields)
    check = pages_server.check(channels="*", name="M" * 90, tags="T" * 90)
    browser.emulate(width, 640)
    paths = [
        channels,
        f"{channels}/{channel['id']}",
        f"/checks/{check['uuid']}",
        f"{pages_server.path}activity",
    ]
    kinds = pages_server.server.api("channels/kinds/", key)["kinds"]
    for path in [*paths, *(f"{channels}/new?kind={one['kind']}" for one in kinds)]:
        browser.open(path)
        assert browser.overflow() <= 0, path


def test_the_pages_are_accessible_and_fit(browser: Browser, pages_server: PagesServer, channels: str) -> None:
    make_ntfy(browser, channels)
    identifier = str(browser.find(".entries li").get_attribute("id")).removeprefix("channel-")
    paths = [channels, f"{channels}/new", f"{channels}/{identifier}", f"{channels}/{identifier}/edit"]
    paths += [f"{channels}/new?kind=webhook", f"{pages_server.path}activity", f"{pages_server.path}windows"]
    documents = ("", "channels", "reference", "settings", "configuration", "comparison")
    for path in [*paths, *(f"/docs/{name}" for name in documents)]:
        browser.open(path)
        browser.expect_accessible()
