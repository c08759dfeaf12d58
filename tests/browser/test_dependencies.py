from __future__ import annotations

from tests.browser.browser import Browser
from tests.browser.pages_server import PagesServer


def test_a_check_on_which_another_one_depends_is_chosen_on_its_page(
    browser: Browser, pages_server: PagesServer
) -> None:
    pages_server.clear()
    nas = pages_server.check(name="The nas", slug="nas")
    job = pages_server.check(name="offsite copy")
    pages_server.ping(nas, "/fail")
    browser.open(f"/checks/{job['uuid']}")
    browser.find("html.ready")
    browser.click("a[href$=dependencies]")
    browser.expect_in("h1", "What offsite copy depends on")
    browser.expect_accessible()
    browser.fill("#check-1", "The nas")
    browser.click("form.fields .button")
    browser.expect_in("section[aria-labelledby=h-channels]", "Depends on The nas")
    browser.expect_accessible()
    browser.open(f"/checks/{nas['uuid']}")
    browser.expect_in("section[aria-labelledby=h-channels]", "1 check depends on it")
    browser.expect_accessible()
