"""A real server for tests in a browser, with a first user and some checks."""

from __future__ import annotations

import re
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.e2e.server import RealServer

NAME, PASSWORD = "admin", "correct horse battery"


class PagesServer:
    """`keys` are those of the project, `session` the token of the first user, an admin of the server."""

    def __init__(self, folder: Path) -> None:
        self.server = RealServer(folder, HCSERVER_LIMITS_CHECKS_PER_PROJECT="5000").start()
        self.url = self.server.url
        self.keys: Any = self.server.create_project("Homelab")
        self.path = f"/p/{self.keys['id']}/"
        self.server.cli("user", "create", NAME, "--admin", "--password-stdin", stdin=PASSWORD + "\n")
        self.session = self.sign_in(NAME, PASSWORD)

    def stop(self) -> None:
        assert self.server.stop() == 0, self.server.output.read_text()

    def sign_in(self, name: str, password: str) -> str:
        """The token of a new session, by the form that people fill in."""
        page = self.server.request("/sign-in")
        token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert token is not None
        form = urllib.parse.urlencode({"_xsrf": token[1], "name": name, "password": password}).encode()
        cookie = page.headers["Set-Cookie"].partition(";")[0]
        answer = self.server.request(
            "/sign-in",
            "POST",
            form,
            follow=False,
            **{"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"},
        )
        session = re.search(r"session=([^;]+)", " ".join(answer.headers.get_all("Set-Cookie")))
        assert session is not None, (answer.status, answer.text)
        return session[1]

    def end_other_sessions(self, session: str) -> None:
        """Sign the user out of all browsers but the one with this session."""
        token = "0" * 32
        answer = self.server.request(
            "/account/sessions",
            "POST",
            urllib.parse.urlencode({"_xsrf": token, "others": "1"}).encode(),
            follow=False,
            **{
                "Cookie": f"session={session}; _xsrf={token}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        assert answer.status == 303, answer.text

    def check(self, **fields: object) -> Any:
        """A new check of the project."""
        return self.server.api("checks/", self.keys["api_key"], {"name": "a job", **fields})

    def ping(self, check: Any, signal: str = "", body: bytes | None = None) -> None:
        """An accepted ping."""
        answer = self.server.request(check["ping_url"] + signal, body=body)
        assert answer.status == 200, answer.text

    def clear(self) -> None:
        """Delete all checks of the project."""
        key = self.keys["api_key"]
        checks = self.server.api("checks/", key)["checks"]
        with ThreadPoolExecutor(8) as threads:
            for check in checks:
                threads.submit(self.server.request, f"/api/v3/checks/{check['uuid']}", "DELETE", key=key)
