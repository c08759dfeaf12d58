"""What the API refuses, in which order, and with which words: the same over all endpoints and versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from handlers.api.base import KEYLESS_BYTES
from hcserver.config.schema import HttpSettings
from hcserver.net.byte_budget import ByteBudget
from tests.handlers.harness import NOWHERE, Site, chunked, serve

MISSING = (401, {"error": "missing api key"})
WRONG = (401, {"error": "wrong api key"})
UNPARSED = (400, {"error": "could not parse request body"})
NO_OBJECT = (400, {"error": "json validation error: value is not an object"})
UNKNOWN_KEY = "hcw_" + "x" * 28
UNKNOWN_UNIQUE_KEY = "0" * 40


@dataclass(frozen=True)
class Endpoint:
    """`path` has {check} or {unique} in it, or is a collection's."""

    method: str
    path: str
    read_only: bool = False

    @property
    def of_check(self) -> bool:
        return "{check}" in self.path

    def at(self, check: object, unique: str = UNKNOWN_UNIQUE_KEY) -> str:
        return self.path.format(check=check, unique=unique)


ENDPOINTS = [
    Endpoint("GET", "checks/", read_only=True),
    Endpoint("POST", "checks/"),
    Endpoint("GET", "checks/{check}", read_only=True),
    Endpoint("POST", "checks/{check}"),
    Endpoint("DELETE", "checks/{check}"),
    Endpoint("GET", "checks/{unique}", read_only=True),
    Endpoint("POST", "checks/{check}/pause"),
    Endpoint("POST", "checks/{check}/resume"),
    Endpoint("GET", "checks/{check}/pings/"),
    Endpoint("DELETE", "checks/{check}/pings/"),
    Endpoint("GET", "checks/{check}/pings/1/body"),
    Endpoint("GET", "checks/{check}/flips/", read_only=True),
    Endpoint("GET", "checks/{unique}/flips/", read_only=True),
    Endpoint("GET", "channels/"),
    Endpoint("POST", "channels/"),
    Endpoint("GET", "checks/{check}/notifications/"),
    Endpoint("POST", "checks/{check}/snooze"),
    Endpoint("GET", "windows/"),
    Endpoint("POST", "windows/"),
    Endpoint("GET", "badges/", read_only=True),
]
OF_CHECK = [endpoint for endpoint in ENDPOINTS if endpoint.of_check]
POSTS = [endpoint for endpoint in ENDPOINTS if endpoint.method == "POST"]
OPEN = Endpoint("GET", "status/")
VERSIONS = (1, 2, 3)


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name)
async def test_a_key_is_needed(site: Site, endpoint: Endpoint) -> None:
    path = endpoint.at(NOWHERE)
    for version in VERSIONS:
        for key, answer in (
            ("", MISSING),
            ("short", MISSING),
            ("x" * 31, MISSING),
            ("x" * 33, MISSING),
            ("x" * 32, WRONG),
            (UNKNOWN_KEY, WRONG),
            ("ÿ" * 32, WRONG),
            (site.keys.api_key.lower(), WRONG),
            (site.keys.ping_key, MISSING),
        ):
            reply = await site.api(endpoint.method, path, key=key, version=version)
            assert (reply.status, reply.json) == answer, key


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name)
async def test_a_read_only_key_opens_what_is_for_reading(site: Site, endpoint: Endpoint) -> None:
    reply = await site.api(endpoint.method, endpoint.at(NOWHERE), key=site.keys.api_key_readonly)
    if endpoint.read_only:
        assert reply.status in (200, 404)
    else:
        assert (reply.status, reply.json) == WRONG


@pytest.mark.parametrize("endpoint", OF_CHECK, ids=name)
async def test_an_unknown_check_is_not_found(site: Site, endpoint: Endpoint) -> None:
    reply = await site.api(endpoint.method, endpoint.at(NOWHERE))
    assert (reply.status, reply.error) == (404, "not found")


@pytest.mark.parametrize("endpoint", OF_CHECK, ids=name)
async def test_a_foreign_check_is_forbidden(site: Site, endpoint: Endpoint) -> None:
    other = await site.beside()
    check = (await other.create())["uuid"]
    reply = await site.api(endpoint.method, endpoint.at(check))
    assert (reply.status, reply.body) == (403, b"")
    await other.close()


@pytest.mark.parametrize("path", ["checks/{unique}", "checks/{unique}/flips/"])
async def test_by_unique_key_a_foreign_check_is_not_found(site: Site, path: str) -> None:
    other = await site.beside()
    check = (await other.create())["uuid"]
    unique = (await other.get(check, key=other.keys.api_key_readonly))["unique_key"]
    reply = await site.api("GET", path.format(unique=unique))
    assert (reply.status, reply.error) == (404, "not found")
    await other.close()


@pytest.mark.parametrize("endpoint", OF_CHECK, ids=name)
async def test_a_malformed_id_is_not_found_before_anything_else(site: Site, endpoint: Endpoint) -> None:
    malformed = ["x", NOWHERE.hex, f"{NOWHERE}0", f"%7B{NOWHERE}%7D", "0" * 39, "0" * 41, "A" * 40, ".."]
    for identifier in malformed:
        for method in (endpoint.method, "PUT"):
            reply = await site.api(method, endpoint.at(identifier), key="", raw=b"no json")
            assert (reply.status, reply.error) == (404, "not found"), identifier


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, OPEN], ids=name)
async def test_a_wrong_method_is_refused_before_key_and_body_are_checked(
    site: Site, endpoint: Endpoint
) -> None:
    path = endpoint.at(NOWHERE)
    allowed = {e.method for e in [*ENDPOINTS, OPEN] if e.path == endpoint.path}
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "BREW"} - allowed:
        reply = await site.api(method, path, key="", raw=b"no json")
        assert (reply.status, reply.error) == (405, "method not allowed")
        assert reply.headers["allow"] == reply.headers["access-control-allow-methods"]
        assert set(reply.headers["allow"].split(", ")) == allowed | {"OPTIONS"}


BROKEN = [
    b"{",
    b"not json",
    b" ",
    b"{'name': 1}",
    b'{"name": "x",}',
    b'{"name": "\xff"}',
    b"\xef\xbb\xbf{}",
    b'{"name": "a\nb"}',
    b'{"name": "\\ud800',
    b"[" * 60_000,
    b'{"a":' * 12_000,
    b"a=b&c=d",
]


@pytest.mark.parametrize("endpoint", POSTS, ids=name)
async def test_a_body_that_is_no_json_is_refused_before_the_key_is_checked(
    site: Site, endpoint: Endpoint
) -> None:
    for key in ("", UNKNOWN_KEY, None):
        for raw in BROKEN:
            reply = await site.api("POST", endpoint.at(NOWHERE), key=key, raw=raw)
            assert (reply.status, reply.json) == UNPARSED, raw[:50]


@pytest.mark.parametrize("endpoint", POSTS, ids=name)
async def test_a_body_that_is_no_object_is_refused_before_the_key_is_checked(
    site: Site, endpoint: Endpoint
) -> None:
    for raw in (b"null", b"[]", b'"text"', b"1", b"true", b"NaN", b'[{"name": "x"}]', b"9" * 5000):
        reply = await site.api("POST", endpoint.at(NOWHERE), key="", raw=raw)
        assert (reply.status, reply.json) == NO_OBJECT, raw[:50]


@pytest.mark.parametrize("endpoint", OF_CHECK, ids=name)
async def test_the_key_comes_before_the_check_and_the_check_before_the_fields(
    site: Site, endpoint: Endpoint
) -> None:
    other = await site.beside()
    foreign = (await other.create())["uuid"]
    fault: dict[str, Any] = {"timeout": 1, "channels": "nobody"}
    data = fault if endpoint.method == "POST" else None
    for check in (foreign, NOWHERE):
        reply = await site.api(endpoint.method, endpoint.at(check), data, key=UNKNOWN_KEY)
        assert (reply.status, reply.json) == WRONG
    assert (await site.api(endpoint.method, endpoint.at(NOWHERE), data)).status == 404
    assert (await site.api(endpoint.method, endpoint.at(foreign), data)).status == 403
    await other.close()


@pytest.mark.parametrize("path", ["checks/", "checks/{check}"])
async def test_fields_come_before_channels(site: Site, path: str) -> None:
    check = (await site.create())["uuid"]
    at = path.format(check=check)
    reply = await site.api("POST", at, {"channels": "nobody", "timeout": 1, "grace": 1, "name": None})
    assert (reply.status, reply.error) == (400, "json validation error: grace is too small")
    reply = await site.api("POST", at, {"channels": "nobody", "timeout": 60})
    assert (reply.status, reply.error) == (400, "invalid channel identifier: nobody")
    reply = await site.api("POST", at, {"channels": 1, "timeout": 1})
    assert (reply.status, reply.error) == (400, "json validation error: channels is not a string")


# -- keys in bodies


@pytest.mark.parametrize("endpoint", POSTS, ids=name)
async def test_the_key_may_be_in_the_body(site: Site, endpoint: Endpoint) -> None:
    check = (await site.create())["uuid"]
    await site.api("POST", f"checks/{check}/pause")
    data = {"api_key": site.keys.api_key, "kind": "email", "target": "ops@example.org", "seconds": 60}
    data |= {"schedule": "daily", "minutes": 5}
    reply = await site.api("POST", endpoint.at(check), data, key="")
    assert reply.status in (200, 201)


async def test_the_header_wins_even_when_it_is_empty(site: Site) -> None:
    data = {"api_key": site.keys.api_key}
    for header, answer in (("", MISSING), ("short", MISSING), (UNKNOWN_KEY, WRONG)):
        reply = await site.api("POST", "checks/", data, key="", headers={"X-Api-Key": header})
        assert (reply.status, reply.json) == answer
    data = {"api_key": UNKNOWN_KEY}
    assert (await site.api("POST", "checks/", data)).status == 201


@pytest.mark.parametrize("key", [None, 1, 10**31, 1.5, True, [], {}, ["x" * 32], "", "x" * 31, "x" * 33])
async def test_a_body_key_that_is_no_key_is_missing(site: Site, key: Any) -> None:
    reply = await site.api("POST", "checks/", {"api_key": key}, key="")
    assert (reply.status, reply.json) == MISSING


@pytest.mark.parametrize("key", ["x" * 32, "\0" * 32, "\ud800" * 32, "ü" * 32])
async def test_any_32_characters_in_the_body_may_be_a_key(site: Site, key: str) -> None:
    reply = await site.api("POST", "checks/", {"api_key": key}, key="")
    assert (reply.status, reply.json) == WRONG


async def test_only_a_post_has_its_key_in_the_body(site: Site) -> None:
    check = (await site.create())["uuid"]
    data = {"api_key": site.keys.api_key}
    for method in ("GET", "DELETE"):
        reply = await site.api(method, f"checks/{check}", data, key="")
        assert (reply.status, reply.json) == MISSING


async def test_a_rotated_key_opens_nothing_any_more(site: Site) -> None:
    new = await site.services.projects.rotate_key(site.project, "api")
    site.services.lookup.forget(site.project.id)
    assert (await site.api("GET", "checks/")).json == WRONG[1]
    assert (await site.api("GET", "checks/", key=new)).status == 200


# -- bodies


async def test_an_empty_body_counts_as_an_empty_object(site: Site) -> None:
    assert (await site.api("POST", "checks/", raw=b"")).status == 201
    connection = await site.connect()
    lines = ["POST /api/v3/checks/ HTTP/1.1", "Host: x", f"X-Api-Key: {site.keys.api_key}"]
    for last, body in ((None, b""), ("Transfer-Encoding: chunked", b"0\r\n\r\n")):
        head = "\r\n".join([*lines, *([last] if last else []), "", ""])
        await connection.send(head.encode() + body)
        assert (await connection.reply()).status == 201


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "odd", ""],
)
async def test_the_content_type_is_not_looked_at(site: Site, content_type: str) -> None:
    reply = await site.api("POST", "checks/", {"name": "a&b"}, headers={"Content-Type": content_type})
    assert (reply.status, reply.json["name"]) == (201, "a&b")


@pytest.mark.parametrize("raw", [b"null", b"not json", b'{"name": 1}', b"x" * 100_000])
async def test_bodies_of_other_methods_are_read_and_ignored(site: Site, raw: bytes) -> None:
    check = (await site.create())["uuid"]
    assert (await site.api("GET", "checks/", raw=raw)).status == 200
    assert (await site.api("GET", f"checks/{check}", raw=raw)).status == 200
    assert (await site.api("OPTIONS", "checks/", raw=raw)).status == 204
    assert (await site.api("DELETE", f"checks/{check}", raw=raw)).status == 200


async def test_a_body_larger_than_the_limit_is_refused(mongo_uri: str) -> None:
    async with serve(mongo_uri, http=HttpSettings(max_body_bytes=65_536)) as site:
        for size, status in ((65_536, 201), (65_537, 400), (1_000_000, 400)):
            raw = b'{"x": "' + b"y" * (size - 9) + b'"}'
            assert (await site.api("POST", "checks/", raw=raw)).status == status
        assert (await site.api("POST", "checks/", raw=raw)).error == "request body is too large"


LARGE = b'{"x": "' + b"y" * KEYLESS_BYTES + b'"}'
TOO_LARGE_FOR_NO_KEY = (400, {"error": "request body is too large: send the key in X-Api-Key"})


def head(path: str, key: str | None, *lines: str) -> bytes:
    """The header of a POST."""
    keyed = [f"X-Api-Key: {key}"] if key is not None else []
    return "\r\n".join([f"POST /api/v3/{path} HTTP/1.1", "Host: x", *keyed, *lines, "", ""]).encode()


@pytest.mark.parametrize("endpoint", POSTS, ids=name)
@pytest.mark.parametrize(
    ("key", "answer"),
    [(UNKNOWN_KEY, WRONG), ("short", MISSING), ("", MISSING), (None, TOO_LARGE_FOR_NO_KEY)],
)
async def test_a_large_body_without_a_right_key_in_the_header_is_not_waited_for(
    site: Site, endpoint: Endpoint, key: str | None, answer: Any
) -> None:
    connection = await site.connect()
    path = endpoint.at(NOWHERE)
    await connection.send(head(path, key, f"Content-Length: {KEYLESS_BYTES + 1}", "Expect: 100-continue"))
    reply = await connection.reply("POST")
    assert (reply.status, reply.json) == answer
    assert reply.headers["connection"] == "close"
    assert await connection.is_closed()


@pytest.mark.parametrize(
    ("key", "answer"), [(UNKNOWN_KEY, WRONG), ("", MISSING), (None, TOO_LARGE_FOR_NO_KEY)]
)
async def test_a_chunked_body_without_a_right_key_is_read_up_to_the_limit(
    site: Site, key: str | None, answer: Any
) -> None:
    chunks = head("checks/", key, "Transfer-Encoding: chunked")
    connection = await site.connect()
    await connection.send(chunks + chunked(b"{"))
    assert (await connection.reply("POST")).json == UNPARSED[1]
    await connection.send(chunks + chunked(b"{}"))
    assert (await connection.reply("POST")).json == (WRONG if key else MISSING)[1]
    await connection.send(chunks + b"%x\r\n%s\r\n" % (len(LARGE), LARGE))  # the end does not come
    reply = await connection.reply("POST")
    assert (reply.status, reply.json) == answer
    assert await connection.is_closed()


async def test_a_large_body_is_read_with_a_right_key(site: Site) -> None:
    assert (await site.api("POST", "checks/", raw=LARGE)).status == 201
    connection = await site.connect()
    header = head("checks/", site.keys.api_key, "Transfer-Encoding: chunked")
    await connection.send(header + chunked(LARGE))
    assert (await connection.reply("POST")).status == 201
    reply = await site.api("POST", "checks/", raw=LARGE, key=site.keys.api_key_readonly)
    assert (reply.status, reply.json) == WRONG


@pytest.mark.parametrize("length", ["x", "-1", "+5", "1.5", "9" * 20, "9" * 5000, "", "0x10", "٣"])
async def test_a_length_that_is_none_is_no_fault_of_the_server(site: Site, length: str) -> None:
    connection = await site.connect()
    await connection.send(head("checks/", UNKNOWN_KEY, f"Content-Length: {length}"))
    assert (await connection.reply("POST")).status in (400, 401)


async def test_a_large_body_of_another_method_is_not_kept(mongo_uri: str) -> None:
    async with serve(mongo_uri, budget=ByteBudget(1000)) as site:
        assert (await site.api("GET", "checks/", raw=LARGE)).status == 200
        assert (await site.api("PUT", "checks/", raw=LARGE)).status == 405
        assert (await site.api("POST", "nothing", raw=LARGE)).status == 404
        reply = await site.api("POST", "checks/", raw=LARGE)
        assert (reply.status, reply.error) == (503, "too much is being received, try again")


async def test_duplicate_members_count_as_the_last_one(site: Site) -> None:
    reply = await site.api("POST", "checks/", raw=b'{"name": 5, "timeout": 1, "name": "x", "timeout": 60}')
    assert (reply.json["name"], reply.json["timeout"]) == ("x", 60)


# -- places


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/v3",
        "/api/v3/",
        "/api/v0/checks/",
        "/api/v4/checks/",
        "/api/v33/checks/",
        "/api/checks/",
        "/api/v3/nothing/",
        "/api/v3//checks/",
        "/api/v3/checks/\xa0",
        f"/api/v3/checks/{NOWHERE}/",
        f"/api/v3/checks/{NOWHERE}/pause/",
        f"/api/v3/checks/{NOWHERE}/resume/",
        f"/api/v3/checks/{NOWHERE}/stop",
        f"/api/v3/checks/{NOWHERE}/pings/1",
        f"/api/v3/checks/{NOWHERE}/pings/1/body/",
        f"/api/v3/checks/{NOWHERE}/pings/x/body",
        f"/api/v3/checks/{NOWHERE}/pings/-1/body",
        f"/api/v3/checks/{UNKNOWN_UNIQUE_KEY}/",
        f"/api/v3/checks/{UNKNOWN_UNIQUE_KEY}/pause",
    ],
)
async def test_where_there_is_nothing_the_answer_is_404(site: Site, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        reply = await site.request(method, path, {"X-Api-Key": site.keys.api_key})
        assert (reply.status, reply.error) == (404, "not found")
        assert reply.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/index.html", "/pingo", "/apis", "/badges", "//", "*", "example.org:80"])
async def test_outside_the_api_404_is_plain_text(site: Site, path: str) -> None:
    reply = await site.request("GET", path)
    assert (reply.status, reply.text) == (404, "not found")
    assert reply.headers["content-type"].startswith("text/plain")


async def test_the_connection_stays_usable_after_every_error(site: Site) -> None:
    connection = await site.connect()
    key = {"X-Api-Key": site.keys.api_key}
    body = b"[" * 200_000
    for method, target, headers, status in (
        ("POST", "/api/v3/checks/", key, 400),
        ("GET", "/api/v3/checks/", {}, 401),
        ("PUT", "/api/v3/checks/", key, 405),
        ("GET", f"/api/v3/checks/{NOWHERE}", key, 404),
        ("GET", "/api/v3/checks", key, 301),
        ("OPTIONS", "/api/v3/checks/", {}, 204),
        ("GET", f"/ping/{NOWHERE}", {}, 404),
        ("GET", f"/ping/{NOWHERE}/256", {}, 400),
        ("GET", "/badge/x", {}, 404),
        ("POST", "/badge/x", {}, 405),
        ("GET", "/nowhere", {}, 404),
    ):
        reply = await connection.request(method, target, headers, body)
        assert reply.status == status, target
        assert "connection" not in reply.headers
    assert (await connection.request("GET", "/api/v3/checks/", key)).status == 200
