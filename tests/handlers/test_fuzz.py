"""Whatever bytes come in: no 500, no error in the log (see conftest), and the server goes on."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.handlers.harness import NOWHERE, Site

ROUNDS = 120
ODD_TEXT = [
    "",
    "\0",
    "\n",
    "\ud800",
    "ü" * 50,
    "x" * 3000,
    "*",
    "1",
    "-1",
    "{",
    "' OR 1",
    "$where",
    "$ne",
    "POST",
    "UTC",
]
MEMBERS = [
    "api_key",
    "channels",
    "desc",
    "filter_body",
    "grace",
    "kw_ignore_case",
    "manual_resume",
    "methods",
]
MEMBERS += ["name", "schedule", "slug", "subject", "tags", "timeout", "tz", "unique", "odd", "$set", "a.b"]


def some_bytes(rng: random.Random, longest: int = 40) -> bytes:
    return rng.randbytes(rng.randrange(longest))


def some_target(rng: random.Random, site: Site, check: str) -> bytes:
    """A path that may lead somewhere, bent out of shape here and there."""
    parts = [
        "ping",
        "api",
        "v1",
        "v3",
        "checks",
        "badge",
        "b",
        "2",
        "pings",
        "flips",
        "pause",
        "body",
        "start",
    ]
    parts += [
        check,
        str(NOWHERE),
        site.keys.ping_key,
        site.keys.badge_key,
        "0" * 40,
        "slug",
        "",
        "..",
        "0",
        "999",
    ]
    start = rng.choice(
        [f"/ping/{check}", f"/ping/{site.keys.ping_key}", f"/api/v3/checks/{check}", "/badge", "/b", ""]
    )
    path = start + "/" + "/".join(rng.choices(parts, k=rng.randrange(5)))
    names = ["rid", "create", "tag", "slug", "start", "end", "seconds", "limit", "after"]
    pairs = [
        f"{rng.choice(names)}={rng.choice(['1', '', '%00', '%ff', '%', str(NOWHERE)])}"
        for _ in range(rng.randrange(4))
    ]
    target = bytearray((path + "?" + "&".join(pairs)).encode())
    for _ in range(rng.randrange(3)):
        # Bytes that may stand in a request line, see RFC 9112 section 3.2; others end the request there.
        target[rng.randrange(1, len(target))] = rng.choice([*range(0x21, 0x7F), *range(0x80, 0x100)])
    return bytes(target)


def some_value(rng: random.Random, depth: int = 0) -> Any:
    kinds: list[Callable[[], Any]] = [
        lambda: rng.choice(ODD_TEXT),
        lambda: rng.choice([0, 1, 60, -1, 2**31, 2**63, 10**30, 31_536_000]),
        lambda: rng.choice([None, True, False, 0.5, float("nan"), float("inf"), 1e300]),
        lambda: [some_value(rng, depth + 1) for _ in range(rng.randrange(3))],
        lambda: {rng.choice(ODD_TEXT): some_value(rng, depth + 1) for _ in range(rng.randrange(3))},
    ]
    return rng.choice(kinds if depth < 3 else kinds[:3])()


async def status_of(site: Site, request: bytes, method: str) -> int:
    """The status of the answer, 0 if the connection ended without one."""
    connection = await site.connect()
    await connection.send(request)
    connection.writer.write_eof()
    data = await connection.reader.read()
    await connection.close()
    site.connections.remove(connection)
    return int(data.split(b" ", 2)[1]) if data else 0


@pytest.mark.parametrize("seed", range(4))
async def test_odd_requests_never_cause_a_500(site: Site, seed: int) -> None:
    rng = random.Random(seed)
    check = (await site.create(slug="slug"))["uuid"]
    connection = await site.connect()
    for _ in range(ROUNDS):
        method = rng.choice(["GET", "POST", "HEAD", "OPTIONS", "DELETE", "PUT", "ODD"])
        headers = {
            "X-Api-Key": rng.choice([site.keys.api_key, site.keys.api_key_readonly, "x" * 32, "ÿ"]),
            rng.choice(
                ["X-Forwarded-For", "X-Forwarded-Proto", "If-None-Match", "User-Agent", "Content-Type"]
            ): (bytes(b for b in some_bytes(rng, 300) if b > 0x20 and b != 0x7F).decode("latin-1")),
        }
        target = some_target(rng, site, check).decode("latin-1")
        reply = await connection.request(method, target, headers, some_bytes(rng, 2000))
        assert reply.status in (200, 201, 204, 301, 303, 304, 400, 401, 403, 404, 405, 409), target
        assert "connection" not in reply.headers
    assert (await site.request("GET", "/api/v3/status/")).status == 200


@pytest.mark.parametrize("seed", range(2))
async def test_odd_members_never_cause_a_500(site: Site, seed: int) -> None:
    rng = random.Random(seed)
    check = (await site.create())["uuid"]
    for _ in range(ROUNDS):
        data = {rng.choice(MEMBERS): some_value(rng) for _ in range(rng.randrange(4))}
        version = rng.choice([1, 2, 3])
        path = rng.choice(["checks/", f"checks/{check}", f"checks/{check}/pause"])
        raw = json.dumps(data).encode()
        if rng.random() < 0.3:
            at = rng.randrange(len(raw))
            raw = raw[:at] + some_bytes(rng, 4) + raw[at:]
        reply = await site.api("POST", path, raw=raw, version=version)
        assert reply.status in (200, 201, 400), raw
    listed = (await site.api("GET", "checks/")).json["checks"]
    assert all([await site.get(document["uuid"]) == document for document in listed[:20]])


@pytest.mark.parametrize("seed", range(2))
async def test_damaged_http_never_causes_a_500(site: Site, seed: int) -> None:
    rng = random.Random(seed)
    check = (await site.create())["uuid"]
    whole = (
        f"POST /ping/{check}?rid={NOWHERE} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        "User-Agent: x\r\nExpect: 100-continue\r\n\r\n5\r\n12345\r\n0\r\n\r\n"
    ).encode()
    for _ in range(ROUNDS):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(3)] = some_bytes(rng, 4)
        status = await status_of(
            site, bytes(data[: rng.choice([len(data), rng.randrange(len(data))])]), "POST"
        )
        assert status in (0, 100, 200, 400, 404), bytes(data)
    await site.ping(check)
