from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from handlers.pages.paths import check_path
from tests.browser.browser import Browser
from tests.browser.pages_server import PagesServer

HOSTILE = b"<svg onload=document.title=1> <script>document.title=1</script> failed " + b"x" * 300


@pytest.fixture
def check(pages_server: PagesServer) -> Any:
    """A check that has received bodies, one of them hostile."""
    pages_server.clear()
    check = pages_server.check(name="nas", filter_http_body=True, failure_kw="error")
    for body in (b"copied 3 files", b"rsync error: 23", HOSTILE):
        pages_server.ping(check, body=body)
    return check


def page(check: Any) -> str:
    return f"/checks/{check['uuid']}/rules"


def verdicts(browser: Browser) -> list[str]:
    return browser.texts("#preview .state")


def test_the_page_is_accessible_and_fits(browser: Browser, check: Any) -> None:
    browser.open(page(check))
    assert verdicts(browser) == ["Ignored", "Failure", "Ignored"]
    browser.expect_accessible()


def test_reports_are_judged_again_while_keywords_are_typed(browser: Browser, check: Any) -> None:
    browser.open(page(check))
    browser.find("html.ready")
    browser.type("#failure_kw", ", failed")
    browser.wait(lambda: verdicts(browser) == ["Failure", "Failure", "Ignored"])
    assert browser.texts("mark") == ["failed", "error"]
    browser.type("#success_kw", "copied")
    browser.wait(lambda: verdicts(browser) == ["Failure", "Failure", "Success"])
    browser.expect_in("#preview > p", "2 would be judged otherwise")
    assert browser.driver.title == "Rules of nas · hcserver"


def test_a_pasted_email_is_judged(browser: Browser, check: Any) -> None:
    browser.open(page(check))
    browser.find("html.ready")
    browser.click("[name=filter_subject]")
    browser.type("#mail", "Subject: an error on the nas\n\nnothing")
    browser.wait(lambda: len(verdicts(browser)) == 4)
    browser.wait(lambda: verdicts(browser)[0] == "Failure")
    assert browser.value("#mail") == "Subject: an error on the nas\n\nnothing"


def test_rules_are_tried_and_saved_without_scripts(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    browser.emulate(scripts=False)
    browser.open(page(check))
    browser.type("#failure_kw", ", failed")
    browser.click("[value=preview]")
    browser.wait(lambda: verdicts(browser) == ["Failure", "Failure", "Ignored"])
    browser.click("form .button")
    browser.wait(lambda: browser.path == check_path(UUID(check["uuid"])))
    saved = pages_server.server.api(f"checks/{check['uuid']}", pages_server.keys["api_key"])
    assert saved["failure_kw"] == "error, failed"
