from __future__ import annotations

import smtplib

import pytest

from tests.browser.browser import Browser
from tests.browser.pages_server import PagesServer

HOSTILE = "<script>document.title='hit'</script><img src=x onerror=document.title='hit'>\u202eevil\0"
MAIL = """\
From: nas@example.org
To: {check}@hc.example.org
Subject: scrub <img src=x onerror=document.title='hit'>
X-Evil: <script>document.title='hit'</script>
MIME-Version: 1.0
Content-Type: text/html

<h1 style="color:red">Scrub</h1><script>parent.document.title='hit'</script>
<img src="{url}/static/icon.svg?fetched" onerror="parent.document.title='hit'" alt="a picture">
<form action="{url}/sign-out"><button>press</button></form>
<meta http-equiv="refresh" content="0;url={url}/?fetched"><a href="javascript:document.title='hit'">link</a>
"""


@pytest.fixture
def check(pages_server: PagesServer) -> dict[str, object]:
    """A check with a run, a failure with a large output, and hostile outputs and emails."""
    pages_server.clear()
    check: dict[str, object] = pages_server.check(name="backup", slug="backup")
    pages_server.ping(check, "", b"fine\nold line\nend")
    pages_server.ping(check, "/start")
    pages_server.ping(check, "/3", b"fine\nnew line\nend")
    pages_server.ping(check, "/log", HOSTILE.encode())
    pages_server.ping(check, "/fail", HOSTILE.encode() + b"\n" + b"W" * 9000)
    return check


def log_path(check: dict[str, object]) -> str:
    return f"/checks/{check['uuid']}/log"


def open_log(browser: Browser, path: str) -> None:
    """Open a log and wait until it is in the browser's zone, which the server learns."""
    browser.open(path)
    browser.find("html.ready #log:not([data-guess])")


def test_the_log_is_accessible_and_fits(
    browser: Browser, pages_server: PagesServer, check: dict[str, object]
) -> None:
    open_log(browser, log_path(check))
    browser.expect("h1", "Log")
    for entry in browser.all("details.entry > summary"):
        entry.click()
    browser.wait(lambda: not browser.all("[data-output]"))
    browser.expect_accessible()
    assert "hit" not in browser.driver.title


def test_a_large_output_comes_when_it_is_opened(
    browser: Browser, pages_server: PagesServer, check: dict[str, object]
) -> None:
    open_log(browser, log_path(check))
    browser.click("#n5 > summary")
    browser.expect_in("#n5 pre", "WWWW")
    assert browser.driver.title.startswith("Log of backup")


def test_older_entries_come_as_one_scrolls(
    browser: Browser, pages_server: PagesServer, check: dict[str, object]
) -> None:
    for _ in range(80):
        pages_server.ping(check)
    open_log(browser, f"{log_path(check)}?type=success&type=fail")

    def all_there() -> bool:
        browser.script("window.scrollTo(0, document.body.scrollHeight)")
        return len(browser.all(".entry")) == 83

    browser.wait(all_there)
    assert len(browser.all("h2[data-day]")) <= 2
    assert not browser.all("[data-older]")


def test_new_entries_are_announced_and_shown_when_one_wants_them(
    browser: Browser, pages_server: PagesServer, check: dict[str, object]
) -> None:
    open_log(browser, log_path(check))
    browser.click("#n5 > summary")
    browser.expect_in("#n5 pre", "WWWW")
    before = browser.script("return document.getElementById('n5').getBoundingClientRect().top")
    pages_server.ping(check, "/log", b"one")
    browser.expect(".news button", "1 new entry")
    pages_server.ping(check, "/log", b"two")
    browser.expect(".news button", "2 new entries")
    assert browser.script("return document.getElementById('n5').getBoundingClientRect().top") == before
    assert not browser.all("#n6")
    assert browser.violations() == []
    browser.click(".news button")
    browser.expect_in("#n7 > summary", "two")
    assert browser.all("#n6")
    assert "WWWW" in browser.text("#n5[open] pre")
    assert not browser.all(".news button")


def test_the_first_entry_of_an_empty_log_shows_by_itself(browser: Browser, pages_server: PagesServer) -> None:
    check = pages_server.check(name="quiet")
    open_log(browser, log_path(check))
    browser.expect_in("#log", "The log is empty")
    pages_server.ping(check, "", b"hello")
    browser.expect_in("#n1 > summary", "hello")


def test_without_scripts_everything_is_behind_links(
    browser: Browser, pages_server: PagesServer, check: dict[str, object]
) -> None:
    browser.emulate(scripts=False)
    browser.open(f"{log_path(check)}?type=fail")
    browser.click("#n5 > summary")
    browser.click("#n5 [data-output]")
    browser.expect_in("pre", "WWWW")
    browser.open(log_path(check) + "/3/diff")
    browser.expect(".diff del", "− old line")
    browser.expect(".diff ins", "+ new line")


def test_an_email_is_shown_and_its_html_runs_and_fetches_nothing(
    browser: Browser, pages_server: PagesServer, check: dict[str, object]
) -> None:
    mail = MAIL.format(check=check["uuid"], url=pages_server.url)
    with smtplib.SMTP("127.0.0.1", pages_server.server.smtp_port, timeout=60) as smtp:
        smtp.sendmail("nas@example.org", [f"{check['uuid']}@hc.example.org"], mail.encode())
    open_log(browser, log_path(check))
    browser.click("#n6 > summary")
    browser.expect_in("#n6 pre", "Scrub")
    browser.click("#n6 details summary")
    frame = browser.find("#n6 iframe")
    browser.script("arguments[0].scrollIntoView()", frame)
    browser.driver.switch_to.frame(frame)
    browser.expect("h1", "Scrub")
    assert not browser.all("form, script, meta[http-equiv]")
    assert browser.find("img").get_attribute("src") in (None, "")
    browser.driver.switch_to.default_content()
    assert browser.driver.title.startswith("Log of backup")
    assert browser.path == log_path(check)


def test_times_are_shown_in_the_zone_that_was_chosen(
    browser: Browser, pages_server: PagesServer, check: dict[str, object]
) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    try:
        browser.open(log_path(check))
        browser.expect_in(".zones", "Times in Asia/Tokyo")
        browser.click(".zones a:last-child")
        browser.expect_in(".zones", "Times in UTC")
        browser.open(log_path(check))
        browser.expect_in(".zones", "Times in UTC")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
