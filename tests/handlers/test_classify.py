"""POST checks/<uuid>/classify"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hcserver.config.schema import SmtpSettings
from hcserver.services.classification.dry_run import DryRun
from hcserver.services.classification.pool import Pool
from tests.handlers.harness import NOWHERE, Site

MAIL = b"Subject: Backup =?utf-8?q?=C3=BCber?=\r\nFrom: nas@example.org\r\n\r\nAll\r\nOK here\r\n"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader() -> AsyncIterator[DryRun]:
    pool = Pool()
    yield DryRun(pool)
    await pool.close()


@pytest_asyncio.fixture(loop_scope="session")
async def reading(site: Site, reader: DryRun) -> AsyncIterator[Site]:
    """A server that can read emails."""
    site.services.examiner = reader
    yield site
    site.services.examiner = None


async def test_the_verdict_has_its_reason_and_what_was_searched_and_nothing_is_recorded(
    reading: Site,
) -> None:
    members = {"filter_subject": True, "filter_body": True, "success_kw": "all ok,OK here"}
    check = await reading.create(**members, failure_kw="ERROR")
    for version in (1, 2, 3):
        reply = await reading.api("POST", f"checks/{check['uuid']}/classify", raw=MAIL, version=version)
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
    assert await reading.get(check["uuid"]) == check
    assert await reading.pings(check["uuid"]) == []


async def test_what_is_not_searched_is_null(reading: Site) -> None:
    check = (await reading.create())["uuid"]
    reply = await reading.api("POST", f"checks/{check}/classify", raw=MAIL)
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
async def test_whatever_is_sent_gets_a_verdict(reading: Site, raw: bytes) -> None:
    check = (await reading.create(filter_subject=True, filter_body=True))["uuid"]
    reply = await reading.api("POST", f"checks/{check}/classify", raw=raw)
    assert (reply.status, reply.json["reason"]["signal"]) == (200, "ign")


async def test_the_key_is_taken_from_the_header_only(reading: Site) -> None:
    check = (await reading.create())["uuid"]
    raw = json.dumps({"api_key": reading.keys.api_key}).encode()
    reply = await reading.api("POST", f"checks/{check}/classify", raw=raw, key="")
    assert (reply.status, reply.error) == (401, "missing api key")
    reply = await reading.api("POST", f"checks/{check}/classify", key=reading.keys.api_key_readonly)
    assert (reply.status, reply.error) == (401, "wrong api key")


async def test_unknown_checks_are_not_found_and_foreign_ones_forbidden(reading: Site) -> None:
    other = await reading.beside()
    foreign = (await other.create())["uuid"]
    assert (await reading.api("POST", f"checks/{NOWHERE}/classify", raw=MAIL)).status == 404
    reply = await reading.api("POST", f"checks/{foreign}/classify", raw=MAIL)
    assert (reply.status, reply.body) == (403, b"")
    await other.close()


async def test_an_email_may_be_as_large_as_the_listener_takes_it(reading: Site) -> None:
    check = (await reading.create(filter_body=True, success_kw="the end"))["uuid"]
    limit = SmtpSettings().max_message_bytes
    lines = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * (limit // 78)
    end = b"the end\r\n"
    whole = lines[: limit - len(end) - 2] + b"\r\n" + end
    assert len(whole) == limit
    reply = await reading.api("POST", f"checks/{check}/classify", raw=whole)
    assert (reply.status, reply.json["reason"]["keyword"]) == (200, "the end")
    reply = await reading.api("POST", f"checks/{check}/classify", raw=whole + b"x")
    assert (reply.status, reply.error) == (400, "request body is too large")


async def test_a_server_that_reads_no_emails_says_so(site: Site) -> None:
    check = (await site.create())["uuid"]
    reply = await site.api("POST", f"checks/{check}/classify", raw=MAIL)
    assert (reply.status, reply.error) == (503, "this server reads no emails")
