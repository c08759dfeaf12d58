"""A real Chromium, driven by Selenium."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys as Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 30.0  # seconds that a test waits for what is to appear
_ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--disable-background-networking", "--no-first-run", "--lang=en-US"),
)
_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_EVERYTHING: dict[str, object] = {"type": "tag", "values": _AXE_TAGS}
_COLOURS: dict[str, object] = {"type": "rule", "values": ["color-contrast"]}
# Width, height, dark, and what axe-core looks at there: in another scheme only the colours differ.
_SCREENS = (
    (1366, 900, True, _COLOURS),
    (390, 844, True, _COLOURS),
    (320, 640, False, None),
    (390, 844, False, _EVERYTHING),
    (1366, 900, False, _EVERYTHING),
)

T = TypeVar("T")


class Browser:
    """`driver` is Selenium's, for what is not here."""

    def __init__(self, chromium: str, chromedriver: str, base_url: str) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in _ARGUMENTS:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver: Any = webdriver.Chrome(options=options, service=Service(chromedriver))
        self.driver.set_page_load_timeout(60)
        self.base_url = base_url

    def quit(self) -> None:
        self.driver.quit()

    def reset(self, session: str | None) -> None:
        """Desktop size, light, with scripts, no cookies but that of the session."""
        self.emulate()
        self.offline(False)
        self.driver.get(self.base_url + "/static/robots.txt")
        self.driver.delete_all_cookies()
        if session is not None:
            self.driver.add_cookie({"name": "session", "value": session, "httpOnly": True})
        self.errors()

    def emulate(self, width: int = 1366, height: int = 900, dark: bool = False, scripts: bool = True) -> None:
        """What the pages are shown on from now on."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        # Colours change at once: axe-core must not meet one on its way to another.
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        self._command("Emulation.setEmulatedMedia", features=[scheme, motion])
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._command("Emulation.setDeviceMetricsOverride", **size)
        self._command("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, path: str) -> None:
        """Go to a page of the server."""
        self.driver.get(self.base_url + path)

    @property
    def path(self) -> str:
        """The path of the page, with its query."""
        return str(self.driver.current_url).removeprefix(self.base_url)

    def find(self, selector: str) -> WebElement:
        """The first element, once it is there."""
        element: WebElement = self.wait(lambda: self.driver.find_element(By.CSS_SELECTOR, selector), selector)
        return element

    def all(self, selector: str) -> list[WebElement]:
        """All elements that are there now."""
        elements: list[WebElement] = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return elements

    def text(self, selector: str) -> str:
        """What a reader sees of the element, once it is there."""
        texts: list[str] = []
        self._act(selector, lambda element: texts.append(element.text))
        return texts[0]

    def texts(self, selector: str) -> list[str]:
        """What a reader sees of all the elements that are there now."""
        return self.wait(lambda: ([one.text for one in self.all(selector)],), selector)[0]

    def value(self, selector: str) -> str:
        """What is in the field, once it is there."""
        values: list[str] = []
        self._act(selector, lambda element: values.append(element.get_attribute("value") or ""))
        return values[0]

    def click(self, selector: str) -> None:
        """Click the element, once it is there and nothing covers it."""
        self._act(selector, lambda element: element.click())

    def type(self, selector: str, *keys: str) -> None:
        """Give the element the focus, once it is there, and press the keys."""
        self._act(selector, lambda element: element.send_keys(*keys))

    def fill(self, selector: str, *keys: str) -> None:
        """Empty the field, once it is there, and press the keys in it."""
        self._act(selector, lambda element: element.clear())
        self.type(selector, *keys)

    def expect_focus(self, text: str) -> None:
        """Wait until the element with just this text has the focus."""
        self.wait(lambda: self.driver.switch_to.active_element.text == text, f"{text!r} to have the focus")

    def expect(self, selector: str, text: str) -> None:
        """Wait until a reader sees just this: after a click the old page may still be there."""
        self.wait(lambda: self.text(selector) == text, f"{selector} to be {text!r}")

    def expect_in(self, selector: str, text: str) -> None:
        """Wait until a reader sees this in the element."""
        self.wait(lambda: text in self.text(selector), f"{text!r} in {selector}")

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def wait(self, condition: Callable[[], T], what: str = "") -> T:
        """Wait until the condition has a value that counts as true."""
        ignored = (NoSuchElementException, StaleElementReferenceException)
        waiting = WebDriverWait(self.driver, PATIENCE, 0.05, ignored)
        return waiting.until(lambda _: _unless_replaced(condition), what)

    def script(self, code: str, *arguments: object) -> Any:
        """What the code returns."""
        return self.driver.execute_script(code, *arguments)

    def errors(self) -> list[str]:
        """What the console has shown as errors since the last call: what the policy forbids, and failures."""
        log = self.driver.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def expect_accessible(self) -> None:
        """The page is no wider than any screen, and axe-core finds nothing on it, light and dark."""
        for width, height, dark, looked_at in _SCREENS:
            self.emulate(width, height, dark)
            screen = self.path, width, dark
            assert self.script("return document.documentElement.scrollWidth") <= width, screen
            if looked_at is not None:
                assert self.violations(looked_at) == [], screen

    def violations(self, looked_at: dict[str, object] = _EVERYTHING) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA on the page, as it is shown now."""
        if not self.script("return typeof axe === 'object'"):
            self._command("Runtime.evaluate", expression=_axe())
        found = self.driver.execute_async_script(
            "axe.run(document, {runOnly: arguments[0]}).then(arguments[1])", looked_at
        )
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the screen. A phone's window is as wide as the page."""
        element = "document.documentElement"
        return int(self.script(f"return {element}.scrollWidth - {element}.clientWidth"))

    def offline(self, away: bool) -> None:
        """Whether the server is out of reach from now on."""
        self._command("Network.enable")
        self._command(
            "Network.emulateNetworkConditions",
            offline=away,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )

    def _act(self, selector: str, action: Callable[[WebElement], object]) -> None:
        """Do it to the element; if that was replaced, or was covered, it is looked for again."""

        def done() -> bool:
            try:
                action(self.driver.find_element(By.CSS_SELECTOR, selector))
            except (ElementClickInterceptedException, ElementNotInteractableException):
                return False
            return True

        self.wait(done, selector)

    def _command(self, name: str, **parameters: object) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)


def _unless_replaced(condition: Callable[[], T]) -> T:
    """The condition's value. ChromeDriver has several errors for an element whose page has been replaced."""
    try:
        return condition()
    except WebDriverException as error:
        if "unhandled inspector error" in str(error.msg) and "ode with given id" in str(error.msg):
            raise StaleElementReferenceException(error.msg) from error
        raise


@cache
def _axe() -> str:
    return Path(__file__).with_name("axe").joinpath("axe.min.js").read_text()
