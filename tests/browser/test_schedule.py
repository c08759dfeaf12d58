from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from handlers.pages.paths import check_path
from tests.browser.browser import Browser, Keys
from tests.browser.pages_server import PagesServer


@pytest.fixture
def check(pages_server: PagesServer) -> Any:
    """A check with a cron expression and some runs."""
    pages_server.clear()
    check = pages_server.check(name="backup", schedule="15 3 * * *", tz="Europe/Berlin", grace=1800)
    for _ in range(3):
        pages_server.ping(check)
    return check


def page(check: Any) -> str:
    return f"/checks/{check['uuid']}/schedule"


def test_the_page_is_accessible_and_fits(browser: Browser, check: Any) -> None:
    browser.open(page(check))
    browser.expect("#preview h2", "03:15 every day + 30 min")
    browser.expect_accessible()


def test_the_preview_follows_what_is_typed_and_faults_stand_beside_the_field(
    browser: Browser, check: Any
) -> None:
    browser.open(page(check))
    browser.find("html.ready")
    browser.fill("#cron", "*/5 * * * *")
    browser.expect("#preview h2", "Every 5 minutes + 30 min")
    assert len(browser.all("#preview tbody tr")) == 6
    browser.fill("#cron", "61 * * * *")
    fault = "The expression is not a valid cron or OnCalendar expression."
    browser.wait(lambda: browser.text("#fault-cron") == fault)
    assert browser.find("#cron").get_attribute("aria-invalid") == "true"
    assert browser.violations() == []
    browser.fill("#cron", "0 9 * * 1-5")
    browser.expect("#preview h2", "Mon to Fri at 09:00 + 30 min")
    browser.expect("#fault-cron", "")
    assert browser.value("#cron") == "0 9 * * 1-5"


def test_each_kind_has_its_own_fields_and_enter_saves(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    browser.open(page(check))
    browser.find("html.ready")
    assert not browser.find("#every").is_displayed()
    browser.type("[value=simple]", " ")
    assert browser.find("#every").is_displayed() and not browser.find("#cron").is_displayed()
    browser.fill("#every", "6")
    browser.expect("#preview h2", "Every 6 days + 30 min")
    browser.type("#every", "\n")
    browser.wait(lambda: browser.path == check_path(UUID(check["uuid"])))
    saved = pages_server.server.api(f"checks/{check['uuid']}", pages_server.keys["api_key"])
    assert (saved["timeout"], saved["grace"]) == (6 * 86_400, 1800)


def test_a_new_schedule_has_the_zone_of_the_browser(browser: Browser, pages_server: PagesServer) -> None:
    pages_server.clear()
    check = pages_server.check(name="sync", timeout=3600)
    browser.open(page(check))
    zone = browser.script("return Intl.DateTimeFormat().resolvedOptions().timeZone")
    browser.wait(lambda: browser.value("#tz") == zone)


def test_the_page_of_a_check_opens_it_in_a_dialog(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    browser.open(f"/checks/{check['uuid']}")
    browser.find("html.ready")
    for by_key in (True, False):
        browser.click("[data-dialog]")
        browser.find("dialog[open]")
        assert browser.violations() == []
        assert browser.overflow() <= 0
        if by_key:
            browser.press(Keys.ESCAPE)
        else:
            browser.click("dialog [data-close]")
        browser.wait(lambda: not browser.all("dialog"))
        browser.expect_focus("Change the schedule")
    browser.click("[data-dialog]")
    browser.fill("#cron", "0 5 * * *")
    browser.expect("#preview h2", "05:00 every day + 30 min")
    browser.click("dialog .button")
    browser.expect(".notice", "The schedule is saved.")
    saved = pages_server.server.api(f"checks/{check['uuid']}", pages_server.keys["api_key"])
    assert saved["schedule"] == "0 5 * * *"


def test_it_is_previewed_and_saved_without_scripts(
    browser: Browser, pages_server: PagesServer, check: Any
) -> None:
    browser.emulate(scripts=False)
    browser.open(page(check))
    browser.fill("#cron", "0 4 * * *")
    browser.click("[value=preview]")
    browser.expect("#preview h2", "04:00 every day + 30 min")
    browser.click("form .button")
    browser.wait(lambda: browser.path == check_path(UUID(check["uuid"])))
    saved = pages_server.server.api(f"checks/{check['uuid']}", pages_server.keys["api_key"])
    assert saved["schedule"] == "0 4 * * *"
