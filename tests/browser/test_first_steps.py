"""The first five minutes: from the link that the server prints to a check that reports and notifies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import Browser, Keys
from tests.e2e.server import RealServer


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[RealServer]:
    """A server that has just been installed."""
    server = RealServer(tmp_path).start()
    yield server
    assert server.stop() == 0, server.output.read_text()


def test_a_new_user_gets_a_check_that_reports_without_reading_anything(
    browser: Browser, new_server: RealServer
) -> None:
    link: Any = browser.wait(lambda: re.search(r"http\S+(/setup/\S+)", new_server.output.read_text()))
    base_url, browser.base_url = browser.base_url, new_server.url
    try:
        browser.open(link[1])
        assert browser.violations() == []
        browser.type("[name=name]", "anna")
        browser.type("[name=password]", "correct horse battery")
        browser.type("[name=project_name]", "Homelab", Keys.ENTER)
        browser.click("a.button")
        browser.type("#name", "nightly backup", Keys.ENTER)
        browser.expect_in("#part-status", "Waiting for the first ping")
        address = browser.text(".copy code")
        assert new_server.request(re.sub(r"^https?://[^/]+", new_server.url, address)).status == 200
        browser.expect_in("#part-status", "Got it:")
        browser.type("#ntfy", "backups-x7Qp2", Keys.ENTER)
        browser.expect(".notice", "They will be notified.")
    finally:
        browser.driver.get("about:blank")  # the server is about to be stopped
        browser.base_url = base_url
