from __future__ import annotations

from tests.browser.browser import Browser
from tests.browser.pages_server import PagesServer


def test_on_a_phone_a_document_begins_with_its_text_below_what_opens_the_list_of_all(
    browser: Browser, pages_server: PagesServer
) -> None:
    browser.emulate(390, 844)
    browser.open("/docs/files")
    assert browser.find("h1").rect["y"] < 200
    assert browser.texts(".docs-nav [aria-current]") == ["", ""]  # none is shown
    browser.click(".docs-menu summary")
    browser.expect(".docs-menu [aria-current]", "Projects as files")
    assert browser.violations() == []
    browser.click(".docs-menu [href='/docs/jobs']")
    browser.wait(lambda: browser.path == "/docs/jobs")
    browser.emulate()
    assert browser.texts(".docs-nav [aria-current]") == ["Jobs that report", ""]
