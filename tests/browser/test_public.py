"""Settings of a project, and what they show to the public, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from tests.browser.browser import Browser, Keys
from tests.browser.pages_server import PagesServer


@pytest.fixture
def checks(pages_server: PagesServer) -> Iterator[list[dict[str, Any]]]:
    """Three checks: one up, one down, one new."""
    pages_server.clear()
    made = [pages_server.check(name=name, tags=f"home {name}") for name in ("alpha", "beta", "gamma")]
    pages_server.ping(made[0])
    pages_server.ping(made[1], "/3")
    yield made
    pages_server.clear()


def settings(pages_server: PagesServer, path: str = "") -> str:
    return f"{pages_server.path}settings{path}"


def publish(browser: Browser, pages_server: PagesServer) -> str:
    """Publish a status page by its form; its path."""
    slug = f"s-{uuid4()}"
    browser.open(settings(pages_server, "/status/new"))
    browser.fill("#slug", slug)
    browser.fill("#title", "Our jobs")
    browser.fill("#tags", "home")
    browser.click("[name=published]")
    browser.type("#title", Keys.ENTER)
    browser.find(f'a[href="/s/{slug}"]')
    return f"/s/{slug}"


def hang(browser: Browser, pages_server: PagesServer) -> str:
    """Make a wall by its form; its path."""
    browser.open(settings(pages_server, "/walls"))
    browser.fill("#name", "office")
    browser.type("#name", Keys.ENTER)
    link = browser.text(".copy code")
    return link[link.index("/wall/") :]


def make_key(browser: Browser, pages_server: PagesServer, name: str) -> str:
    """Make an API key with this name by its form; the key in clear. The page shows it still."""
    browser.open(settings(pages_server, "/keys"))
    browser.fill("#name", name)
    browser.type("#name", Keys.ENTER)
    browser.expect("main h2", name)
    return browser.text(".copy code")


def only_left(browser: Browser, number: int) -> bool:
    """Whether the page that answers a revocation is there, with that many walls."""
    return bool(browser.all(".notice")) and len(browser.all("[name=revoke]")) == number


def test_the_settings_are_accessible_and_fit(
    browser: Browser, pages_server: PagesServer, checks: list[Any]
) -> None:
    publish(browser, pages_server)
    hang(browser, pages_server)
    make_key(browser, pages_server, "a program with a rather-long-name-that-can-not-be-broken-anywhere")
    browser.expect_accessible()
    browser.open(settings(pages_server, "/keys"))
    browser.click(".rows a")
    browser.expect_in("main h2", "revoke this API key?")
    browser.expect_accessible()
    paths = ("", "/keys", "/keys/api", "/badges", "/status", "/status/new", "/walls", "/danger")
    for path in (*(settings(pages_server, path) for path in paths), "/new-project"):
        browser.open(path)
        browser.expect_accessible()


def test_the_status_page_is_accessible_and_fits(
    browser: Browser, pages_server: PagesServer, checks: list[Any]
) -> None:
    path = publish(browser, pages_server)
    browser.reset(None)
    browser.open(path)
    browser.expect("h1", "Our jobs")
    browser.expect(".verdict", "1 check is down")
    assert browser.texts(".services .name") == ["alpha", "beta", "gamma"]
    browser.expect_accessible()


def test_a_wall_of_sixty_checks_does_not_scroll(browser: Browser, pages_server: PagesServer) -> None:
    pages_server.clear()
    for number in range(60):
        pages_server.check(name=f"A job with a rather long name, number {number}")
    path = hang(browser, pages_server)
    browser.reset(None)
    browser.emulate(1920, 1080)
    browser.open(path)
    assert len(browser.all(".tiles li")) == 60
    last = browser.script(
        "const box = document.querySelector('.tiles li:last-child').getBoundingClientRect();"
        "return [box.right <= innerWidth, box.bottom <= innerHeight, box.height > 60]"
    )
    assert last == [True, True, True]
    assert browser.script("return document.documentElement.scrollHeight <= innerHeight")
    assert browser.violations() == []
    pages_server.clear()


def test_a_wall_updates_itself_and_ends_when_it_is_revoked(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, Any]]
) -> None:
    path = hang(browser, pages_server)
    wall = browser.driver.current_window_handle
    browser.open(path)
    browser.expect(".tiles li:first-child b", "beta")
    pages_server.ping(checks[2], "/fail")
    browser.expect("h1", "2 checks are down")
    assert browser.driver.title == "2 checks are down"
    browser.driver.switch_to.new_window("tab")
    browser.open(settings(pages_server, "/walls"))
    for left in reversed(range(len(browser.all("[name=revoke]")))):
        browser.click("[name=revoke]")
        browser.wait(partial(only_left, browser, left))
    browser.driver.close()
    browser.driver.switch_to.window(wall)
    browser.expect("h1", "Not Found")
    assert any("404" in error for error in browser.wait(browser.errors))


def test_a_chosen_badge_is_shown_at_once(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, Any]]
) -> None:
    browser.open(settings(pages_server, "/badges"))
    browser.find("html.ready")
    before = browser.text("#badge code")
    browser.type("#of", "beta")
    browser.wait(lambda: browser.text("#badge code") != before)
    browser.wait(lambda: browser.script("return document.querySelector('#badge img').naturalWidth") > 20)
    assert "of=" in browser.path
    assert browser.script("return document.activeElement.id") == "of"


def test_without_scripts_everything_works(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, Any]]
) -> None:
    browser.emulate(scripts=False)
    browser.open(settings(pages_server, "/badges"))
    browser.click("[name=states][value='2']")
    browser.click("form.fields button")
    browser.wait(lambda: "states=2" in browser.path)
    path = publish(browser, pages_server)
    browser.open(path)
    browser.expect(".verdict", "1 check is down")
    browser.open(hang(browser, pages_server))
    pages_server.ping(checks[2], "/fail")
    browser.expect("h1", "2 checks are down")


def test_a_key_is_replaced_by_keyboard(browser: Browser, pages_server: PagesServer) -> None:
    browser.open(settings(pages_server, "/keys"))
    before = browser.text(".copy code")
    browser.type('a[href$="/keys/ping"]', Keys.ENTER)
    browser.type("form .danger", Keys.ENTER)
    browser.expect(".notice", "Ping key: there is a new one.")
    assert browser.text(".copy code") != before


def test_a_key_with_a_name_is_made_and_revoked_by_keyboard(
    browser: Browser, pages_server: PagesServer
) -> None:
    key = make_key(browser, pages_server, "Grafana")
    assert pages_server.server.request("/api/v3/checks/", key=key).status == 200
    browser.type(".actions a", Keys.ENTER)
    browser.expect_in(".rows", "Grafana")
    browser.type('.rows a[aria-label="Revoke Grafana"]', Keys.ENTER)
    browser.type("form .danger", Keys.ENTER)
    browser.expect(".notice", "The API key Grafana is revoked.")
    assert pages_server.server.request("/api/v3/checks/", key=key).status == 401


def test_a_wall_says_when_it_is_not_up_to_date(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, Any]]
) -> None:
    browser.open(hang(browser, pages_server))
    browser.find("html.ready")
    browser.offline(True)
    browser.expect_in(".banner", "Not up to date: no connection since")
    browser.offline(False)
    pages_server.ping(checks[2], "/fail")
    browser.wait(lambda: browser.text("h1") == "2 checks are down" and not browser.all(".banner"))
    assert all("ERR_INTERNET_DISCONNECTED" in error for error in browser.errors())
