"""Tests in a real browser, against a real server. Without Chromium and its driver they are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.browser.browser import Browser
from tests.browser.pages_server import PagesServer

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")


def pytest_itemcollected(item: pytest.Item) -> None:
    if CHROMIUM is None or DRIVER is None:
        item.add_marker(pytest.mark.skip(reason="there is no Chromium with its driver"))


@pytest.fixture(scope="session")
def pages_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesServer]:
    """A running server with a user who has signed in."""
    server = PagesServer(tmp_path_factory.mktemp("pages"))
    yield server
    server.stop()


MakeBrowser = Callable[..., Browser]


@pytest.fixture(scope="session")
def shared_browser(pages_server: PagesServer) -> Iterator[Browser]:
    assert CHROMIUM is not None and DRIVER is not None
    browser = Browser(CHROMIUM, DRIVER, pages_server.url)
    yield browser
    browser.quit()


@pytest.fixture
def browser(shared_browser: Browser, pages_server: PagesServer) -> Iterator[Browser]:
    """A browser at desktop size, in the light scheme, in which the user is signed in.

    Nothing that a page does may violate its Content-Security-Policy or fail in its scripts.
    """
    shared_browser.reset(pages_server.session)
    yield shared_browser
    # An answer with an error status, which a test has asked for, may reach the console late.
    assert [error for error in shared_browser.errors() if "Failed to load resource" not in error] == []
