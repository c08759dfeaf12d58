from __future__ import annotations

import pytest

from tests.browser.browser import Browser
from tests.browser.pages_server import PagesServer


@pytest.mark.parametrize("scripts", [True, False])
def test_a_window_is_made_changed_and_deleted(
    browser: Browser, pages_server: PagesServer, scripts: bool
) -> None:
    browser.emulate(scripts=scripts)
    browser.open(f"{pages_server.path}windows")
    browser.expect("h1", "No maintenance now")
    browser.type("#name", "Updates")
    browser.type("#schedule", "* * * * *")
    browser.click("main .button")
    browser.expect("h1", "Maintenance: 1 window open now")
    assert len(browser.all(".entries svg.days")) == 1
    browser.click(".entries .does a")
    assert browser.value("#name") == "Updates"
    browser.type("#name", " of all")
    browser.click("main .button")
    browser.expect(".entries strong", "Updates of all")
    browser.click(".entries .danger")
    browser.expect("h1", "No maintenance now")


def test_only_the_fields_of_the_chosen_form_are_shown(browser: Browser, pages_server: PagesServer) -> None:
    browser.open(f"{pages_server.path}windows")
    assert browser.find("#schedule").is_displayed() and not browser.find("#start").is_displayed()
    browser.click("[name=form][value=once]")
    assert browser.find("#start").is_displayed() and not browser.find("#schedule").is_displayed()


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_every_page_of_the_project_is_in_reach(
    browser: Browser, pages_server: PagesServer, width: int
) -> None:
    browser.emulate(width, 844)
    browser.open(f"{pages_server.path}windows")
    links = browser.all(".top nav a")
    assert len(links) == 5
    assert all(link.rect["x"] + link.rect["width"] <= width for link in links)
    assert browser.script(
        "const nav = document.querySelector('.top nav'); return nav.scrollWidth <= nav.clientWidth"
    )


def test_the_time_zone_is_that_of_the_browser(browser: Browser, pages_server: PagesServer) -> None:
    browser.open(f"{pages_server.path}windows")
    zone = browser.script("return Intl.DateTimeFormat().resolvedOptions().timeZone")
    browser.wait(lambda: browser.value("#tz") == zone)
