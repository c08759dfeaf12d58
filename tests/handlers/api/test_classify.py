"""POST checks/<uuid>/classify"""

from __future__ import annotations

import json

import pytest

from hcserver.config.schema import SmtpSettings
from tests.handlers.harness import NOWHERE, Site

MAIL = b"Subject: Backup =?utf-8?q?=C3=BCber?=\r\nFrom: nas@example.org\r\n\r\nAll\r\nOK here\r\n"


async def test_the_verdict_has_its_reason_and_what_was_searched_and_nothing_is_recorded(
    site: Site,
) -> None:
    members = {"filter_subject": True, "filter_body": True, "success_kw": "all ok,OK here"}
    check = await site.create(**members, failure_kw="ERROR")
    for version in (1, 2, 3):
        reply = await site.api("POST", f"checks/{check['uuid']}/classify", raw=MAIL, version=version)
        assert (reply.status, reply.json) == (
            200,
            {
                "reason": {"signal": "success", "keyword": "OK here", "where": "body"},
                "subject": "Backup über",
                "text": reply.json["text"],
                "complete": True,
            },
        )
        assert "OK here" in reply.json["text"]
    assert await site.get(check["uuid"]) == check
    assert await site.pings(check["uuid"]) == []


async def test_what_is_not_searched_is_null(site: Site) -> None:
    check = (await site.create())["uuid"]
    reply = await site.api("POST", f"checks/{check}/classify", raw=MAIL)
    assert reply.json == {
        "reason": {"signal": "success", "keyword": None, "where": "unfiltered"},
        "subject": None,
        "text": None,
        "complete": True,
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0",
        b"{}",
        b"no header",
        b"Subject: \xff\xfe\r\n\r\n\xff\0",
        b"Subject: =?utf-7?q?+2AA-?=\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA-",
        b"Content-Type: text/plain; charset=utf-16\r\n\r\n\x00\xd8\x00",
    ],
    ids=repr,
)
async def test_whatever_is_sent_gets_a_verdict(site: Site, raw: bytes) -> None:
    check = (await site.create(filter_subject=True, filter_body=True))["uuid"]
    reply = await site.api("POST", f"checks/{check}/classify", raw=raw)
    assert (reply.status, reply.json["reason"]["signal"]) == (200, "ign")


async def test_the_key_is_taken_from_the_header_only(site: Site) -> None:
    check = (await site.create())["uuid"]
    raw = json.dumps({"api_key": site.keys.api_key}).encode()
    reply = await site.api("POST", f"checks/{check}/classify", raw=raw, key="")
    assert (reply.status, reply.error) == (401, "missing api key")
    reply = await site.api("POST", f"checks/{check}/classify", key=site.keys.api_key_readonly)
    assert (reply.status, reply.error) == (401, "wrong api key")


@pytest.mark.parametrize(("key", "error"), [("", "missing api key"), ("x" * 32, "wrong api key")])
@pytest.mark.parametrize("length", ["Content-Length: 9900000", "Transfer-Encoding: chunked"])
async def test_without_a_right_key_a_large_email_is_not_waited_for(
    site: Site, key: str, error: str, length: str
) -> None:
    connection = await site.connect()
    header = (
        f"POST /api/v3/checks/{NOWHERE}/classify HTTP/1.1\r\nHost: x\r\nX-Api-Key: {key}\r\n{length}\r\n\r\n"
    )
    await connection.send(header.encode())
    reply = await connection.reply("POST")
    assert (reply.status, reply.error) == (401, error)
    assert await connection.is_closed()


async def test_unknown_checks_are_not_found_and_foreign_ones_forbidden(site: Site) -> None:
    other = await site.beside()
    foreign = (await other.create())["uuid"]
    assert (await site.api("POST", f"checks/{NOWHERE}/classify", raw=MAIL)).status == 404
    reply = await site.api("POST", f"checks/{foreign}/classify", raw=MAIL)
    assert (reply.status, reply.body) == (403, b"")
    await other.close()


async def test_an_email_may_be_as_large_as_the_listener_takes_it(site: Site) -> None:
    check = (await site.create(filter_body=True, success_kw="the end"))["uuid"]
    limit = SmtpSettings().max_message_bytes
    lines = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * (limit // 78)
    end = b"the end\r\n"
    whole = lines[: limit - len(end) - 2] + b"\r\n" + end
    assert len(whole) == limit
    reply = await site.api("POST", f"checks/{check}/classify", raw=whole)
    assert (reply.status, reply.json["reason"]["keyword"]) == (200, "the end")
    reply = await site.api("POST", f"checks/{check}/classify", raw=whole + b"x")
    assert (reply.status, reply.error) == (400, "request body is too large")
