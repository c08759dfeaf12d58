"""The access log."""

from __future__ import annotations

import logging

import pytest

from handlers.base import BaseHandler
from hcserver.config.schema import HttpSettings
from hcserver.errors import InvalidRequest
from tests.handlers.apps import connected


class FormHandler(BaseHandler):
    def get(self) -> None:
        raise InvalidRequest("odd")

    def post(self) -> None:
        self.write_json({"size": len(self.body)})


async def test_answers_are_logged_if_the_setting_says_so(caplog: pytest.LogCaptureFixture) -> None:
    http = HttpSettings(access_log=True)
    with caplog.at_level(logging.INFO, "hcserver.access"):
        async with connected(routes=[("/form", FormHandler)], http=http) as connection:
            forwarded = {"X-Forwarded-For": "203.0.113.7"}
            await connection.request("GET", "/form?secret=1", forwarded)
            await connection.request("POST", "/ping/6837d6ec-fc08-4da5-a67f-08a9ed1ccf62/fail?rid=1")
    lines = [record.getMessage() for record in caplog.records if record.name == "hcserver.access"]
    assert lines[0].startswith('203.0.113.7 "GET /form" 400 ')
    assert lines[1].startswith('127.0.0.1 "POST /ping/6837…/fail" 200 ')


async def test_answers_are_not_logged_by_default(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with connected() as connection:
            await connection.request("GET", "/page")
            await connection.request("GET", "/ping/x")
    assert not [record for record in caplog.records if record.name.startswith(("hcserver", "tornado.access"))]
