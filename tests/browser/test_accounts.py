"""Set-up, sign-in, account and members, as a user goes through them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import PATIENCE, Browser, Keys
from tests.browser.pages_server import NAME, PASSWORD, PagesServer
from tests.e2e.server import RealServer


def refused(browser: Browser) -> None:
    """The answer had an error status, which the console shows."""
    messages = browser.wait(browser.errors)
    assert len(messages) == 1
    assert re.search(r"status of 4\d\d", messages[0])


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[RealServer]:
    server = RealServer(tmp_path).start()
    yield server
    assert server.stop() == 0, server.output.read_text()


def setup_link(server: RealServer) -> str:
    """The path of the link that the server has printed."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := re.search(r"^  http\S+(/setup/\S+)$", server.output.read_text(), re.MULTILINE):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(server.output.read_text())


@pytest.mark.parametrize("scripts", [True, False])
def test_the_link_of_a_new_server_leads_to_the_first_user_and_the_list(
    browser: Browser, new_server: RealServer, monkeypatch: pytest.MonkeyPatch, scripts: bool
) -> None:
    monkeypatch.setattr(browser, "base_url", new_server.url)
    browser.reset(None)
    link = setup_link(new_server)
    browser.emulate(scripts=scripts)
    browser.open(link)
    if scripts:
        browser.expect_accessible()
    browser.type("#name", "ann")
    browser.type("#password", "correct horse")
    browser.fill("#project_name", "Homelab", Keys.ENTER)
    browser.wait(lambda: browser.path.startswith("/p/"))
    browser.expect(".brand", "Homelab")
    (cookie,) = [one for one in browser.driver.get_cookies() if one["name"] == "session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    browser.open(link)
    browser.expect_in("main", "This link is not valid")
    refused(browser)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_sign_in_leads_back_to_where_one_wanted_to_go(
    browser: Browser, pages_server: PagesServer, scripts: bool
) -> None:
    browser.reset(None)
    browser.emulate(scripts=scripts)
    browser.open("/account")
    assert browser.path == "/sign-in?next=%2Faccount"
    if scripts:
        browser.expect_accessible()
    browser.type("#name", NAME)
    browser.type("#password", "wrong", Keys.ENTER)
    browser.expect("#fault", "The name or the password is wrong.")
    refused(browser)
    if scripts:
        browser.expect_accessible()
        assert browser.driver.switch_to.active_element.get_attribute("id") == "password"
    assert browser.value("#name") == NAME
    browser.type("#password", PASSWORD, Keys.ENTER)
    browser.wait(lambda: browser.path == "/account")


def test_by_keyboard_alone_one_signs_out(browser: Browser, pages_server: PagesServer) -> None:
    session = pages_server.sign_in(NAME, PASSWORD)
    browser.reset(session)
    browser.open("/account")
    browser.script("document.querySelector('.menu.end summary').focus()")
    browser.press(Keys.ENTER)
    browser.press(Keys.TAB, Keys.TAB, Keys.TAB)
    browser.expect_focus("Sign out")
    browser.press(Keys.ENTER)
    browser.wait(lambda: browser.path == "/sign-in")
    browser.expect(".notice", "You have signed out.")
    assert [one for one in browser.driver.get_cookies() if one["name"] == "session"] == []


@pytest.mark.parametrize("scripts", [True, False])
def test_sessions_are_ended_and_the_password_is_changed(
    browser: Browser, pages_server: PagesServer, scripts: bool
) -> None:
    name = f"cid-{scripts}"
    pages_server.server.cli("user", "create", name, "--password-stdin", stdin=PASSWORD + "\n")
    sessions = [pages_server.sign_in(name, PASSWORD) for _ in range(3)]
    browser.reset(sessions[0])
    browser.emulate(scripts=scripts)
    browser.open("/account")
    if scripts:
        browser.expect_accessible()
    assert len(browser.all(".rows li")) == 3
    browser.find(".rows li:not(:has(.tag)) button").click()
    browser.expect(".notice", "The session has ended.")
    assert len(browser.all(".rows li")) == 2
    browser.click("[name=others]")
    browser.expect(".notice", "All other sessions have ended.")
    assert len(browser.all(".rows li")) == 1
    browser.type("#old_password", "wrong")
    browser.type("#password", "battery staple", Keys.ENTER)
    browser.expect("#old-fault", "This is not your password.")
    refused(browser)
    browser.type("#old_password", PASSWORD)
    browser.type("#password", "battery staple", Keys.ENTER)
    browser.expect_in(".notice", "The password is changed")
    assert pages_server.sign_in(name, "battery staple")


@pytest.mark.parametrize("scripts", [True, False])
def test_members_are_added_changed_and_removed(
    browser: Browser, pages_server: PagesServer, scripts: bool
) -> None:
    name = f"dora-{scripts}"
    pages_server.server.cli("user", "create", name, "--password-stdin", stdin=PASSWORD + "\n")
    browser.emulate(scripts=scripts)
    browser.open(f"{pages_server.path}members")
    browser.click("[value=editor]")
    browser.type("#name", "nobody", Keys.ENTER)
    browser.expect("#name-fault", "There is no user 'nobody' on this server.")
    refused(browser)
    assert browser.find("[value=editor]").is_selected()
    browser.fill("#name", name.upper(), Keys.ENTER)
    browser.wait(lambda: browser.text(".notice") == f"{name} is a member now.")
    if scripts:
        browser.expect_accessible()
    role = f"[aria-label='Role of {name}']"
    assert browser.value(role) == "editor"
    browser.type(role, "viewer")
    browser.click(f"[aria-label='Change the role of {name}']")
    browser.wait(lambda: browser.text(".notice") == f"{name} is viewer now.")
    assert browser.value(role) == "viewer"

    browser.reset(pages_server.sign_in(name, PASSWORD))
    browser.emulate(scripts=scripts)
    browser.open(f"{pages_server.path}members")
    assert browser.all("main form") == []
    browser.expect_in("main", name)

    browser.reset(pages_server.session)
    browser.emulate(scripts=scripts)
    browser.open(f"{pages_server.path}members")
    browser.click(f"[aria-label='Remove {name}']")
    browser.wait(lambda: browser.text(".notice") == f"{name} is no member any more.")
    assert browser.all(role) == []
