"""What pings carry: bodies of every kind, and the words in them."""

from __future__ import annotations

from uuid import UUID

import pytest

from hcserver.config.schema import LimitSettings
from tests.handlers.harness import BASE, Site, chunked, serve

LIMIT = 100


async def test_a_body_is_kept_verbatim(site: Site) -> None:
    check = (await site.create())["uuid"]
    body = bytes(range(256)) + "Größe\r\n".encode()
    await site.ping(check, "", body)
    assert await site.body(check) == body
    (ping,) = await site.pings(check)
    assert ping["body_url"] == f"{BASE}/api/v3/checks/{check}/pings/1/body"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_bodies_of_every_method_are_kept(site: Site, method: str) -> None:
    check = (await site.create())["uuid"]
    assert (await site.request(method, f"/ping/{check}", body=b"a line")).status == 200
    assert await site.body(check) == b"a line"


async def test_chunked_bodies_are_kept(site: Site) -> None:
    check = (await site.create())["uuid"]
    connection = await site.connect()
    for method in ("POST", "GET"):
        head = f"{method} /ping/{check} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        await connection.send(head.encode() + chunked(b"first ", b"second"))
        assert (await connection.reply()).text == "OK"
    assert [await site.body(check, n) for n in (1, 2)] == [b"first second"] * 2


async def test_an_empty_body_is_none(site: Site) -> None:
    check = (await site.create())["uuid"]
    connection = await site.connect()
    await site.ping(check, "", b"")
    head = f"POST /ping/{check} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    await connection.send(head.encode() + chunked())
    assert (await connection.reply()).text == "OK"
    assert [ping["body_url"] for ping in await site.pings(check)] == [None, None]
    assert await site.body(check, 1) is None


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1, 3_000_000])
async def test_a_body_is_cut_at_the_limit(mongo_uri: str, size: int) -> None:
    async with serve(mongo_uri, limits=LimitSettings(ping_body_bytes=LIMIT)) as site:
        check = (await site.create())["uuid"]
        body = (b"0123456789" * (size // 10 + 1))[:size]
        reply = await site.request("POST", f"/ping/{check}", body=body)
        assert (reply.status, reply.headers["ping-body-limit"]) == (200, str(LIMIT))
        assert await site.body(check) == body[:LIMIT]


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1, 3_000_000])
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_the_end_of_a_body_is_kept_if_so_set(mongo_uri: str, size: int, is_chunked: bool) -> None:
    async with serve(mongo_uri, limits=LimitSettings(ping_body_bytes=LIMIT, body_part="end")) as site:
        check = (await site.create())["uuid"]
        body = (b"0123456789" * (size // 10 + 1))[:size]
        if is_chunked:
            connection = await site.connect()
            head = f"POST /ping/{check} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            pieces = [body[at : at + 50_000] for at in range(0, size, 50_000)]
            await connection.send(head.encode() + chunked(*pieces))
            reply = await connection.reply()
        else:
            reply = await site.request("POST", f"/ping/{check}", body=body)
        assert (reply.status, reply.headers["ping-body-limit"]) == (200, str(LIMIT))
        assert await site.body(check) == body[-LIMIT:]
        (ping,) = await site.pings(check)
        assert ping.get("body_cut_before") == (size - LIMIT if size > LIMIT else None)


async def test_what_is_cut_off_behind_a_body_is_counted_and_old_clients_see_no_new_field(
    mongo_uri: str,
) -> None:
    async with serve(mongo_uri, limits=LimitSettings(ping_body_bytes=LIMIT)) as site:
        check = (await site.create())["uuid"]
        await site.ping(check, "", b"x" * (LIMIT + 7))
        assert "body_cut_before" not in (await site.pings(check))[0]
        stored = await site.services.checks.ping(await site.services.cache.get(UUID(check)), 1)
        assert (stored.body_size, stored.cut_before, stored.cut_after) == (LIMIT, 0, 7)


async def test_with_a_limit_of_0_nothing_is_kept(mongo_uri: str) -> None:
    async with serve(mongo_uri, limits=LimitSettings(ping_body_bytes=0)) as site:
        check = (await site.create())["uuid"]
        reply = await site.request("POST", f"/ping/{check}", body=b"something")
        assert (reply.status, reply.headers["ping-body-limit"]) == (200, "0")
        assert [ping["body_url"] for ping in await site.pings(check)] == [None]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 5000)),
        ("application/x-www-form-urlencoded", b"%ff%&&==\0"),
        ("multipart/form-data; boundary=xyz", b"--xyz\r\nno headers, no end"),
        ("multipart/form-data", b"no boundary"),
        ("application/json", b"{not json"),
        ("text/plain; charset=utf-99", b"odd"),
        ("", b"nothing"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_whatever_the_body_claims_to_be_it_is_a_log(
    site: Site, content_type: str, body: bytes, method: str
) -> None:
    check = (await site.create())["uuid"]
    reply = await site.request(method, f"/ping/{check}", {"Content-Type": content_type}, body)
    assert (reply.status, reply.text) == (200, "OK")
    assert await site.body(check) == body[:10_000]


async def test_content_encodings_are_left_alone(site: Site) -> None:
    check = (await site.create())["uuid"]
    reply = await site.request("POST", f"/ping/{check}", {"Content-Encoding": "gzip"}, b"no gzip")
    assert reply.status == 200
    assert await site.body(check) == b"no gzip"


# -- words in bodies

WORDS = {
    "filter_http_body": True,
    "start_kw": "BEGIN",
    "success_kw": "DONE, all good",
    "failure_kw": "ERROR,FATAL",
}


@pytest.mark.parametrize(
    ("body", "type"),
    [
        (b"job BEGINs", "start"),
        (b"it is DONE.", "success"),
        (b"all good", "success"),
        (b"DONE with ERROR", "fail"),
        (b"BEGIN, then DONE", "success"),
    ],
)
async def test_a_keyword_in_the_body_overrides_the_path(site: Site, body: bytes, type: str) -> None:
    check = (await site.create(**WORDS))["uuid"]
    for signal in ("", "/start", "/fail", "/log", "/0", "/1"):
        await site.ping(check, signal, body)
    assert [ping["type"] for ping in await site.pings(check)] == [type] * 6


@pytest.mark.parametrize("body", [b"done", b""])
@pytest.mark.parametrize(("default_fail", "plain"), [(False, "ign"), (True, "fail")])
async def test_without_a_keyword_the_path_decides_and_a_plain_ping_gets_the_default(
    site: Site, body: bytes, default_fail: bool, plain: str
) -> None:
    check = (await site.create(**WORDS, filter_default_fail=default_fail))["uuid"]
    for signal in ("", "/start", "/fail", "/log", "/0", "/1"):
        await site.ping(check, signal, body)
    types = [ping["type"] for ping in await site.pings(check)]
    assert types[::-1] == [plain, "start", "fail", "log", "success", "fail"]


async def test_a_failure_without_a_keyword_takes_the_check_down(site: Site) -> None:
    check = (await site.create(filter_http_body=True))["uuid"]
    await site.ping(check, "/fail", b"disk full")
    assert (await site.get(check))["status"] == "down"
    (ping,) = await site.pings(check)
    assert ping["reason"] == {"signal": "fail", "keyword": None, "where": "endpoint"}


async def test_undecodable_bytes_do_not_hide_words(site: Site) -> None:
    check = (await site.create(**WORDS))["uuid"]
    await site.ping(check, "", b"\xff\xfe\0 ERROR \x80")
    assert [ping["type"] for ping in await site.pings(check)] == ["fail"]


async def test_words_are_looked_for_in_what_is_kept_even_if_a_character_is_cut(mongo_uri: str) -> None:
    async with serve(mongo_uri, limits=LimitSettings(ping_body_bytes=LIMIT)) as site:
        check = (await site.create(**WORDS))["uuid"]
        await site.ping(check, "", b"DONE".ljust(LIMIT - 1) + "Ü ERROR".encode())
        assert [ping["type"] for ping in await site.pings(check)] == ["success"]


async def test_words_are_looked_for_in_the_end_of_a_body_if_that_is_kept(mongo_uri: str) -> None:
    async with serve(mongo_uri, limits=LimitSettings(ping_body_bytes=LIMIT, body_part="end")) as site:
        check = (await site.create(**WORDS))["uuid"]
        await site.ping(check, "", b"ERROR \xc3\x9c".ljust(LIMIT) + b" DONE")
        assert [ping["type"] for ping in await site.pings(check)] == ["success"]


async def test_the_method_comes_before_the_words(site: Site) -> None:
    check = (await site.create(**WORDS, methods="POST"))["uuid"]
    assert (await site.request("PUT", f"/ping/{check}", body=b"ERROR")).status == 200
    assert [ping["type"] for ping in await site.pings(check)] == ["ign"]


async def test_a_pause_that_is_ended_by_hand_comes_after_the_words(site: Site) -> None:
    check = (await site.create(**WORDS, manual_resume=True))["uuid"]
    await site.api("POST", f"checks/{check}/pause")
    await site.ping(check, "", b"ERROR")
    assert [ping["type"] for ping in await site.pings(check)] == ["ign"]
    assert (await site.get(check))["status"] == "paused"


async def test_the_log_shows_which_keyword_decided(site: Site) -> None:
    check = (await site.create(**WORDS))["uuid"]
    await site.ping(check, "", b"ERROR 5")
    await site.ping(check, "", b"hm")
    ignored, failed = await site.pings(check)
    assert failed["reason"] == {"signal": "fail", "keyword": "ERROR", "where": "body"}
    assert ignored["reason"] == {"signal": "ign", "keyword": None, "where": "default"}
