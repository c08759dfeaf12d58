from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from hcserver.errors import HcError
from hcserver.services.importing import healthchecks_api
from hcserver.services.importing.healthchecks_api import read_healthchecks
from hcserver.services.importing.source import Source
from hcserver.validation.check import parse_spec
from tests.hcserver.receivers import HttpReceiver, Request

KEY = "hcw_" + 28 * "x"
ID = "31365bce-8da9-4729-8ff3-aaa71d56b712"
BADGE = "51c6eb2b-2ae1-456b-99fe-6f1e0a36cd3c"
CHANNEL = "1bdea468-03bf-47b8-ab27-29a9dd0e4b94"

# As of version 3.
CHECK: dict[str, Any] = {
    "name": "Filesystem Backup",
    "slug": "filesystem-backup",
    "tags": "backup fs",
    "desc": "Runs incremental backup every hour",
    "grace": 600,
    "n_pings": 1,
    "status": "paused",
    "started": False,
    "last_ping": "2020-03-24T14:02:03+00:00",
    "next_ping": None,
    "manual_resume": True,
    "methods": "POST",
    "subject": "SUCCESS",
    "subject_fail": "ERROR",
    "start_kw": "START",
    "success_kw": "SUCCESS",
    "failure_kw": "ERROR",
    "filter_subject": True,
    "filter_body": True,
    "filter_http_body": True,
    "filter_default_fail": True,
    "badge_url": f"https://hc.example.com/b/2/{BADGE}.svg",
    "uuid": ID,
    "ping_url": f"https://ping.example.com/{ID}",
    "update_url": f"https://hc.example.com/api/v3/checks/{ID}",
    "channels": f"{CHANNEL},4ec5a071-2d08-4baa-898a-eb4eb3cd6941",
    "timeout": 3600,
}
SETTINGS = {
    *(
        "name",
        "slug",
        "tags",
        "desc",
        "grace",
        "manual_resume",
        "methods",
        "timeout",
        "start_kw",
        "success_kw",
    ),
    *("failure_kw", "filter_subject", "filter_body", "filter_http_body", "filter_default_fail"),
}
CHANNELS = [
    {"id": CHANNEL, "name": "Ops", "kind": "email"},
    {"id": "4ec5a071-2d08-4baa-898a-eb4eb3cd6941", "name": "", "kind": "sms"},
]


def serve(receiver: HttpReceiver, answers: dict[str, Any]) -> None:
    """Have the receiver answer with JSON by path, or with 404."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        found = answers.get(request.target)
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        status = 404 if found is None else 200
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    receiver.answer = answer


async def read(receiver: HttpReceiver, *checks: dict[str, Any], version: int = 3) -> Source:
    path = f"/api/v{version}"
    serve(receiver, {f"{path}/checks/": {"checks": checks}, f"{path}/channels/": {"channels": CHANNELS}})
    return await read_healthchecks(receiver.url, KEY)


async def test_every_setting_of_a_check_is_read(receiver: HttpReceiver) -> None:
    source = await read(receiver, CHECK)
    (check,) = source.checks
    assert check.id == UUID(ID)
    assert check.badge == UUID(BADGE)
    assert check.address == CHECK["ping_url"]
    assert check.fields == {name: CHECK[name] for name in SETTINGS}
    assert check.channels == ("Ops", "")
    assert check.paused
    assert (source.channels, source.warnings) == (("Ops",), ())
    assert parse_spec(dict(check.fields), 3)
    assert {request.headers["x-api-key"] for request in receiver.requests} == {KEY}


async def test_dependencies_are_read_as_far_as_they_are_uuids(receiver: HttpReceiver) -> None:
    for listed, expected in (([CHANNEL, 7, "x"], (UUID(CHANNEL),)), ("x", ()), (None, ())):
        source = await read(receiver, {**CHECK, "depends_on": listed})
        assert source.checks[0].depends_on == expected


async def test_a_schedule_takes_the_place_of_the_period(receiver: HttpReceiver) -> None:
    cron = {name: value for name, value in CHECK.items() if name != "timeout"}
    source = await read(receiver, {**cron, "schedule": "5 4 * * *", "tz": "Europe/Riga", "status": "up"})
    (check,) = source.checks
    assert (check.fields["schedule"], check.fields["tz"], check.paused) == ("5 4 * * *", "Europe/Riga", False)


@pytest.mark.parametrize("version", [1, 2])
async def test_an_older_server_is_asked_in_its_own_version(receiver: HttpReceiver, version: int) -> None:
    old = {
        "name": "Backup",
        "tags": "",
        "desc": "",
        "grace": 600,
        "status": "started",
        "subject": "OK",
        "subject_fail": "",
        "methods": "",
        "ping_url": f"https://hc.example.com/ping/{ID}",
        "update_url": f"https://hc.example.com/api/v1/checks/{ID}",
        "channels": CHANNEL,
        "timeout": 3600,
    }
    (check,) = (await read(receiver, old, version=version)).checks
    assert (check.id, check.badge, check.channels) == (UUID(ID), None, ("Ops",))
    assert check.fields["subject"] == "OK"
    assert parse_spec(dict(check.fields), 3).changes["success_kw"] == "OK"


async def test_the_address_may_be_copied_with_more_of_its_path(receiver: HttpReceiver) -> None:
    serve(receiver, {"/hc/api/v3/checks/": {"checks": [CHECK]}})
    for path in ("/hc", "/hc/", "/hc/api/", "/hc/api/v1/checks/", "/hc/api/v3/checks/?tag=a#b"):
        source = await read_healthchecks(receiver.url + path, KEY)
        assert len(source.checks) == 1
        assert source.checks[0].channels is None
        assert source.warnings == ("the server does not list its channels: none are assigned",)


async def test_a_password_in_the_address_is_sent_and_never_shown(receiver: HttpReceiver) -> None:
    receiver.answer = 500
    text = await fault(receiver.url.replace("://", "://ann:s3cret@"))
    assert receiver.requests[0].headers["authorization"].startswith("Basic ")
    assert "s3cret" not in text
    assert "ann" not in text


async def fault(url: str, key: str = KEY) -> str:
    with pytest.raises(HcError) as caught:
        await read_healthchecks(url, key)
    return str(caught.value)


async def test_a_read_only_key_is_told_from_a_useful_one(receiver: HttpReceiver) -> None:
    checks: list[dict[str, str]] = [{"name": "x", "unique_key": "a6c7"}]
    serve(receiver, {"/api/v3/checks/": {"checks": checks}})
    text = await fault(receiver.url)
    assert "read-only API key" in text
    assert "use the read-write key" in text


async def test_a_read_only_key_of_a_project_without_checks_is_recognised_as_well(
    receiver: HttpReceiver,
) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        status, body = (401, b"") if "channels" in request.target else (200, b'{"checks": []}')
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    receiver.answer = answer
    assert "read-only API key" in await fault(receiver.url)


async def test_a_check_without_any_uuid_is_a_fault(receiver: HttpReceiver) -> None:
    serve(receiver, {"/api/v3/checks/": {"checks": [{"name": "Backup", "ping_url": None}]}})
    assert await fault(receiver.url) == "the server gives no UUID for the check 'Backup'"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (401, "does not accept the API key (status 401)"),
        (403, "does not accept the API key (status 403)"),
        (500, "answered with status 500"),
        (301, "leads to 'https://other.example.org/api/v3/checks/': give the address of that server"),
        (404, "has no management API of Healthchecks"),
    ],
)
async def test_what_is_no_list_of_checks_is_a_clear_fault(
    receiver: HttpReceiver, status: int, text: str
) -> None:
    receiver.answer, receiver.location = status, "https://other.example.org/api/v3/checks/"
    found = await fault(receiver.url)
    assert text in found
    assert KEY not in found


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html>", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "has no list of checks"),
        (b'{"checks": 5}', "has no list of checks"),
        (b'{"checks": [5]}', "has no list of checks"),
    ],
)
async def test_another_answer_is_a_clear_fault(receiver: HttpReceiver, body: bytes, text: str) -> None:
    serve(receiver, {"/api/v3/checks/": body})
    assert text in await fault(receiver.url)


async def test_an_answer_without_end_is_given_up(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healthchecks_api, "MAX_ANSWER_BYTES", 2**20)
    serve(receiver, {"/api/v3/checks/": b" " * (2**20 + 1)})
    assert "the answer is larger than 1 MiB" in await fault(receiver.url)


async def test_a_server_that_is_not_there_or_hangs_up_is_a_clear_fault(
    receiver: HttpReceiver, unused_port: int
) -> None:
    assert "no answer" in await fault(f"http://127.0.0.1:{unused_port}")

    async def hang_up(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.close()

    receiver.answer = hang_up
    assert "no answer" in await fault(receiver.url)


async def test_a_server_that_does_not_answer_in_time_is_a_clear_fault(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    receiver.answer = never
    monkeypatch.setattr(healthchecks_api, "_TIMEOUT", 0.05)
    assert "no answer within 0.05 s" in await fault(receiver.url)


@pytest.mark.parametrize("url", ["hc.example.org", "ftp://hc.example.org", "https://", "http://[zz]/", ""])
async def test_what_is_no_address_is_a_clear_fault(url: str) -> None:
    assert repr(url) in await fault(url)


@pytest.mark.parametrize("key", ["", "ä", "a\nb"])
async def test_what_can_be_no_key_is_never_sent(receiver: HttpReceiver, key: str) -> None:
    assert "API key" in await fault(receiver.url, key)
    assert receiver.requests == []
