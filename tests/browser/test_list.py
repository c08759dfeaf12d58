from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.browser.browser import Browser, Keys
from tests.browser.pages_server import NAME, PASSWORD, PagesServer


@pytest.fixture
def checks(pages_server: PagesServer) -> list[dict[str, object]]:
    """Three checks: one up, one down, one new."""
    pages_server.clear()
    made = [pages_server.check(name=name, tags=f"home {name}") for name in ("alpha", "beta", "gamma")]
    pages_server.ping(made[0])
    pages_server.ping(made[1], "/3")
    return made


def names(browser: Browser) -> list[str]:
    return browser.texts("#rows .name a")


def test_the_list_is_accessible_and_fits(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    browser.open(pages_server.path)
    browser.expect("h1", "1 check is down")
    browser.expect_accessible()


def test_a_ping_shows_by_itself_and_moves_nothing_that_is_held(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, object]]
) -> None:
    browser.open(pages_server.path)
    browser.find("html.ready")
    assert names(browser) == ["beta", "alpha", "gamma"]
    box = browser.find("#rows tr:nth-child(3) [name=check]")
    box.click()
    pages_server.ping(checks[2], "/fail")
    browser.expect("#rows tr:nth-child(3) .st", "Down")
    assert box.is_selected()
    browser.expect("h1", "2 checks are down")
    assert names(browser) == ["beta", "alpha", "gamma"]
    box.click()
    pages_server.ping(checks[1])
    browser.wait(lambda: names(browser) == ["gamma", "alpha", "beta"])


def test_checks_that_come_and_go_show_by_themselves(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, object]]
) -> None:
    browser.open(pages_server.path)
    browser.find("html.ready")
    made = pages_server.check(name="delta")
    browser.wait(lambda: "delta" in names(browser))
    pages_server.server.request(f"/api/v3/checks/{made['uuid']}", "DELETE", key=pages_server.keys["api_key"])
    browser.wait(lambda: "delta" not in names(browser))


def test_typing_filters_and_the_address_follows(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    browser.open(pages_server.path)
    browser.find("html.ready")
    browser.press("/")
    browser.press(*"tag:beta")
    browser.wait(lambda: browser.path.endswith("?q=tag%3Abeta"))
    browser.wait(lambda: names(browser) == ["beta"])
    assert browser.value("#q") == "tag:beta"
    browser.driver.refresh()
    assert names(browser) == ["beta"]


# Every list that a script asks for begins to arrive and never ends, until it is given up.
ENDLESS = """
window.real = window.fetch;
window.fetch = async (address, options) => {
  if (options?.headers?.["X-Fragment"] !== "list") return window.real(address, options);
  const body = new ReadableStream({
    start: (stream) => options.signal.addEventListener("abort", () => stream.error(options.signal.reason)),
  });
  window.begun = true;
  return new Response(body, { headers: { ETag: '"endless"' } });
};
"""


def test_what_is_there_is_filtered_at_once_without_the_server(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, object]]
) -> None:
    pages_server.check(name="delta", desc="calls bob")
    browser.open(pages_server.path)
    browser.find("html.ready")
    browser.script(ENDLESS)

    def shown(*keys: str) -> list[str]:
        browser.press(*keys)
        return names(browser)

    everything = ["beta", "alpha", "delta", "gamma"]
    assert shown("/", *"alp") == ["alpha"]
    assert shown(*[Keys.BACKSPACE] * 3, *"bob") == ["delta"]
    assert shown(*[Keys.BACKSPACE] * 3) == everything
    assert shown(*"is:down") == ["beta"]
    assert shown(*" tag:hom") == ["beta"]  # only the server knows that there is nothing
    assert shown("e") == ["beta"]
    assert shown(Keys.CONTROL + "a" + Keys.NULL, *"tag:home GA") == ["gamma"]
    pages_server.ping(checks[0], "/fail")  # which is hidden
    browser.expect("h1", "2 checks are down")
    assert shown(Keys.CONTROL + "a" + Keys.NULL, Keys.BACKSPACE) == everything
    assert browser.text("#rows tr:nth-child(2) .st") == "Down"


def test_a_list_that_is_overtaken_while_it_arrives_is_left_alone(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    browser.open(pages_server.path)
    browser.find("html.ready")
    browser.script(ENDLESS)
    browser.press("/", *"beta")
    browser.wait(lambda: browser.script("return window.begun"))
    browser.script("window.fetch = window.real")
    browser.press(Keys.END, "x")
    browser.wait(lambda: names(browser) == [])
    browser.press(Keys.END, Keys.BACKSPACE)
    browser.wait(lambda: names(browser) == ["beta"])


def test_the_filter_stays_when_one_leaves_its_field_sorts_or_changes_checks(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    browser.open(pages_server.path)
    browser.find("html.ready")
    browser.press("/", *"tag:home is:up", Keys.ESCAPE)
    browser.wait(lambda: names(browser) == ["alpha"])
    assert browser.value("#q") == "tag:home is:up"
    for link in ("thead a[href*=name]", ".tools a[href*=compact]"):
        browser.click(link)
        browser.wait(lambda: browser.value("#q") == "tag:home is:up")
        assert names(browser) == ["alpha"]
    browser.fill("#q", "beta")
    browser.wait(lambda: names(browser) == ["beta"])
    browser.click("#rows [name=check]")
    browser.click("[value=pause]")
    browser.expect(".notice", "1 check paused.")
    assert names(browser) == ["beta"]


def test_a_deleted_check_goes_from_the_rows_that_came_while_scrolling(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda n: pages_server.check(name=f"job {n:03}"), range(202)))
    browser.open(pages_server.path)

    def all_there() -> bool:
        browser.script("window.scrollTo(0, document.body.scrollHeight)")
        return len(names(browser)) == 205

    browser.wait(all_there)
    path = f"/api/v3/checks/{made[-1]['uuid']}"
    pages_server.server.request(path, "DELETE", key=pages_server.keys["api_key"])
    browser.wait(lambda: "job 201" not in names(browser))
    assert len(names(browser)) == 204


def test_the_keyboard_selects_pauses_and_keeps_its_focus(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, object]]
) -> None:
    browser.open(pages_server.path)
    browser.find("html.ready")
    browser.press("j", "j")
    browser.expect_focus("alpha")
    pages_server.ping(checks[0], "/fail")
    browser.expect("h1", "2 checks are down")
    browser.expect_focus("alpha")
    browser.press("x")
    browser.expect("#selected", "1 selected")
    browser.press("p")
    browser.expect(".notice", "1 check paused.")
    browser.expect("h1", "1 check is down")


def test_the_sections_stand_in_one_row_on_the_narrowest_phone(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    browser.emulate(320, 640)
    browser.open(pages_server.path)
    links = browser.all(".top nav a")
    assert [link.text for link in links] == ["Checks", "Activity", "Channels", "Maintenance", "Settings"]
    assert len({link.rect["y"] for link in links}) == 1
    assert min(link.rect["height"] for link in links) >= 24
    assert browser.overflow() == 0
    links[3].send_keys(Keys.TAB)
    browser.expect_focus("Settings")


def test_the_menus_of_the_selection_fit_on_a_phone(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    browser.emulate(320, 640)
    browser.open(pages_server.path)
    browser.find("html.ready")
    browser.click("#rows tr:nth-child(1) [name=check]")
    for menu in range(1, 4):
        browser.click(f".bar details:nth-of-type({menu}) > summary")
        shown = browser.find(f".bar details:nth-of-type({menu})[open] > :not(summary)").rect
        assert shown["x"] >= 0
        assert shown["x"] + shown["width"] <= 320
        assert browser.violations() == []


def test_without_scripts_checks_are_selected_snoozed_and_deleted(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    browser.emulate(scripts=False)
    browser.open(pages_server.path)
    browser.click("#rows tr:nth-child(1) [name=check]")
    browser.click(".bar details summary")
    browser.click("[value='snooze-1h']")
    browser.expect(".notice", "1 check snoozed for 1 hour.")
    browser.click("#rows tr:nth-child(1) [name=check]")
    browser.click("[value='confirm-delete']")
    browser.expect("h1", "Delete 1 check?")
    browser.click("[value='delete']")
    browser.expect(".notice", "1 check deleted.")
    assert names(browser) == ["alpha", "gamma"]


def test_a_new_check_is_made_by_the_keyboard_alone(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    browser.open(f"{pages_server.path}new")
    assert browser.violations() == []
    browser.press(*"nightly backup", Keys.ENTER)
    browser.wait(lambda: browser.path.startswith("/checks/"))


def test_a_stopped_server_shows_a_banner_and_the_list_recovers(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, object]]
) -> None:
    browser.open(pages_server.path)
    browser.find("html.ready")
    pages_server.server.stop()
    try:
        browser.expect_in(".banner", "Connection lost")
    finally:
        pages_server.server.start()
    pages_server.ping(checks[0], "/fail")
    browser.expect("h1", "2 checks are down")
    browser.wait(lambda: not browser.all(".banner"))
    browser.errors()  # the requests that met no server


@pytest.mark.parametrize("page", ["list", "check"])
def test_who_was_signed_out_elsewhere_is_led_to_the_sign_in(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, object]], page: str
) -> None:
    browser.reset(pages_server.sign_in(NAME, PASSWORD))
    browser.open(pages_server.path if page == "list" else f"/checks/{checks[0]['uuid']}")
    browser.find("html.ready")
    other = pages_server.session
    pages_server.end_other_sessions(other)
    browser.expect("h1", "Sign in")


def test_the_first_page_follows_all_projects_and_keeps_the_focus(
    browser: Browser, pages_server: PagesServer, checks: list[dict[str, object]]
) -> None:
    browser.open("/")
    browser.expect("h1", "1 check is down")
    browser.type("#home .name a", "")
    browser.expect_focus("beta")
    pages_server.ping(checks[0], "/fail")
    browser.expect("h1", "2 checks are down")
    browser.expect_focus("beta")


def test_ten_tabs_do_not_keep_each_other_from_loading(
    browser: Browser, pages_server: PagesServer, checks: list[object]
) -> None:
    first = browser.driver.current_window_handle
    for _ in range(10):
        browser.driver.switch_to.new_window("tab")
        browser.open(pages_server.path)
        browser.expect("h1", "1 check is down")
    for handle in browser.driver.window_handles:
        if handle != first:
            browser.driver.switch_to.window(handle)
            browser.driver.close()
    browser.driver.switch_to.window(first)


def test_names_run_nothing(browser: Browser, pages_server: PagesServer, checks: list[object]) -> None:
    pages_server.check(name="<img src=x onerror=document.title=1>", tags="<svg/onload=alert(1)>")
    browser.open(pages_server.path)
    assert "<img src=x onerror=document.title=1>" in names(browser)
    assert browser.driver.title == "Homelab · hcserver"
