from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.domain.identifiers import unique_key
from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify.alert_message import Receipt
from hcserver.notify.http_answers import FEW_ATTEMPTS
from hcserver.notify.send_context import SendContext
from hcserver.notify.webhook import Webhook
from tests.hcserver.notify.alert_messages import CHECK, alert_message, check, ping
from tests.hcserver.receivers import HttpReceiver, Request, making_send_context
from tests.hcserver.receivers import http_receiver as http

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
WEBHOOK = Webhook()
BAD_HEADER = '{"url": "http://127.0.0.1/", "headers": {"ü": "x"}}'


def target(receiver: HttpReceiver, **members: Any) -> str:
    return WEBHOOK.normalise(json.dumps({"url": receiver.url} | members))


async def sent(
    receiver: HttpReceiver, context: SendContext, target: str, *args: Any, **changes: Any
) -> Request:
    assert await WEBHOOK.send(WEBHOOK.normalise(target), alert_message(*args, **changes), context) == Receipt(
        status=200
    )
    return receiver.requests[-1]


async def test_a_plain_url_gets_a_document_that_says_everything(
    receiver: HttpReceiver, context: SendContext
) -> None:
    request = await sent(receiver, context, f"{receiver.url}/hook?a=b", last_ping=ping())
    assert (request.method, request.target) == ("POST", "/hook?a=b")
    assert request.headers["content-type"] == "application/json"
    document = json.loads(request.body)
    assert {name: document[name] for name in ("type", "timestamp", "status", "reason", "project")} == {
        "type": "check.down",
        "timestamp": "2026-03-01T11:59:55+00:00",
        "status": "down",
        "reason": "fail",
        "project": "Servers",
    }
    assert document["title"] == "DOWN: Nightly backup"
    assert "exit status 3" in document["text"]
    assert document["check"]["unique_key"] == unique_key(CHECK)
    assert document["check"]["timeout"] == 86400
    assert document["last_ping"]["exit_status"] == 3
    assert document["link"] == f"https://hc.example.org/checks/{unique_key(CHECK)}"


async def test_nobody_can_ping_the_check_by_what_a_webhook_is_sent(
    receiver: HttpReceiver, context: SendContext
) -> None:
    request = await sent(receiver, context, receiver.url, last_ping=ping())
    assert str(CHECK).encode() not in request.body
    request = await sent(receiver, context, target(receiver, body="$JSON", headers={"X": "$JSON"}))
    assert str(CHECK).encode() not in request.body
    assert str(CHECK) not in request.headers["x"]


async def test_a_webhook_gets_the_uuid_and_the_addresses_if_it_asks_for_them(
    receiver: HttpReceiver, context: SendContext
) -> None:
    document = json.loads((await sent(receiver, context, target(receiver, full=True))).body)
    assert document["check"]["uuid"] == str(CHECK)
    assert document["check"]["ping_url"] == f"https://hc.example.org/ping/{CHECK}"
    assert document["check"]["update_url"] == f"https://hc.example.org/api/v3/checks/{CHECK}"


async def test_good_news_says_up(receiver: HttpReceiver, context: SendContext) -> None:
    document = json.loads((await sent(receiver, context, receiver.url, "up")).body)
    assert (document["type"], document["status"], document["last_ping"]) == ("check.up", "up", None)


async def test_the_schedule_is_in_the_document(receiver: HttpReceiver, context: SendContext) -> None:
    cron = check(kind="cron", schedule="0 3 * * *", tz="Europe/Riga")
    document = json.loads((await sent(receiver, context, receiver.url, check=cron)).body)
    assert (document["check"]["schedule"], document["check"]["tz"]) == ("0 3 * * *", "Europe/Riga")


async def test_every_placeholder_stands_for_its_value(receiver: HttpReceiver, context: SendContext) -> None:
    names = "CODE STATUS NOW NAME NAME_JSON SLUG TAGS TAG1 TAG2 TAG3 TAG12 BODY BODY_JSON EXITSTATUS NOPE"
    body = "\n".join(f"${name}" for name in names.split())
    spec = target(receiver, body=body)
    told = {"check": check(name='a "b"', tags="one two"), "last_ping": ping(body=b'x"\xff')}
    request = await sent(receiver, context, spec, **told)
    assert request.body.decode().split("\n") == [
        *(str(CHECK), "down", "2026-03-01T11:59:55+00:00", 'a "b"', '"a \\"b\\""', "nightly-backup"),
        *("one two", "one", "two", "$TAG3", "$TAG12", 'x"�', '"x\\"\\ufffd"', "3", "$NOPE"),
    ]


async def test_the_check_as_json_is_what_the_api_shows(receiver: HttpReceiver, context: SendContext) -> None:
    request = await sent(receiver, context, target(receiver, body="$JSON", full=True))
    document = json.loads(request.body)
    assert document["name"] == "Nightly backup"
    assert document["ping_url"] == f"https://hc.example.org/ping/{CHECK}"


async def test_without_a_ping_its_placeholders_are_empty(
    receiver: HttpReceiver, context: SendContext
) -> None:
    request = await sent(receiver, context, target(receiver, body="$BODY|$BODY_JSON|$EXITSTATUS"))
    assert request.body == b'|""|-1'


async def test_a_placeholder_in_a_value_is_not_expanded(receiver: HttpReceiver, context: SendContext) -> None:
    told = {"check": check(name="$BODY", tags="$NAME $TAG1"), "last_ping": ping(body=b"$CODE")}
    request = await sent(
        receiver, context, target(receiver, body="$NAME $TAG1 $BODY", headers={"X": "$NAME"}), **told
    )
    assert (request.body, request.headers["x"]) == (b"$BODY $NAME $CODE", "$BODY")


@pytest.mark.parametrize(
    "name", ["a/../../b?c=d&e#f", "ä é", "a b+c%20", "x\r\nHost: evil", "@evil.example", "\\..\\", "$CODE"]
)
async def test_values_in_the_url_are_encoded(receiver: HttpReceiver, context: SendContext, name: str) -> None:
    request = await sent(receiver, context, f"{receiver.url}/$NAME/x?n=$NAME", check=check(name=name))
    path, _, query = request.target.partition("?n=")
    assert path.count("/") == 2
    assert unquote(path) == f"/{name}/x"
    assert unquote(query) == name


async def test_a_value_can_not_begin_a_header_of_its_own(
    receiver: HttpReceiver, context: SendContext
) -> None:
    spec = target(receiver, headers={"X-Name": "n: $NAME", "X-Body": "$BODY"})
    told = {
        "check": check(name="a\r\nX-Evil: 1\n\n\0b"),
        "last_ping": ping(body=b"\r\n\r\nGET / HTTP/1.1\x7f"),
    }
    request = await sent(receiver, context, spec, **told)
    assert request.headers["x-name"] == "n: a X-Evil: 1 b"
    assert request.headers["x-body"] == "GET / HTTP/1.1"
    assert "x-evil" not in request.headers


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=50), st.binary(max_size=50), st.text(max_size=20))
def test_whatever_a_job_says_the_request_arrives_whole(name: str, body: bytes, tags: str) -> None:
    async def tell() -> None:
        async with http() as receiver, making_send_context() as context:
            spec = target(
                receiver, url=f"{receiver.url}/$NAME?$BODY", headers={"X": "$NAME $BODY $TAG1"}, body="$BODY"
            )
            told = {"check": check(name=name, tags=tags), "last_ping": ping(body=body)}
            request = await sent(receiver, context, spec, **told)
            assert request.body.decode() == body.decode("utf-8", "replace")
            assert len(receiver.requests) == 1
            assert request.target.count("/") == 1

    asyncio.run(tell())


async def test_values_that_take_much_room_are_cut_in_urls(
    receiver: HttpReceiver, context: SendContext
) -> None:
    spec = target(receiver, url=f"{receiver.url}/$BODY", body="$BODY")
    request = await sent(receiver, context, spec, last_ping=ping(body=b"x" * 50_000))
    assert len(request.target) == 1001
    assert len(request.body) == 50_000


async def test_method_and_headers_are_as_written(receiver: HttpReceiver, context: SendContext) -> None:
    spec = target(receiver, method="GET", headers={"Authorization": "Bearer s", "content-type": "a/b"})
    request = await sent(receiver, context, spec)
    assert (request.method, request.body) == ("GET", b"")
    assert (request.headers["authorization"], request.headers["content-type"]) == ("Bearer s", "a/b")
    assert "content-length" not in request.headers


@pytest.mark.parametrize(
    ("body", "content_type"),
    [('{"text": $NAME_JSON}', "application/json"), ("$NAME", "text/plain; charset=utf-8")],
)
async def test_a_body_has_a_content_type(
    receiver: HttpReceiver, context: SendContext, body: str, content_type: str
) -> None:
    request = await sent(receiver, context, target(receiver, body=body))
    assert request.headers["content-type"] == content_type


async def test_down_and_up_may_have_requests_of_their_own(
    receiver: HttpReceiver, context: SendContext
) -> None:
    spec = json.dumps(
        {
            "down": {"url": f"{receiver.url}/d"},
            "up": {"url": f"{receiver.url}/u", "method": "PUT", "body": ""},
        }
    )
    assert (await sent(receiver, context, spec)).target == "/d"
    assert (await sent(receiver, context, spec, "test")).target == "/d"
    request = await sent(receiver, context, spec, "up")
    assert (request.method, request.target, request.body) == ("PUT", "/u", b"")


async def test_where_there_is_no_request_for_the_event_nothing_is_sent(
    receiver: HttpReceiver, context: SendContext
) -> None:
    spec = WEBHOOK.normalise(json.dumps({"down": {"url": receiver.url}}))
    assert await WEBHOOK.send(spec, alert_message("up"), context) == Receipt(status=None)
    assert receiver.requests == []


async def test_the_request_beside_down_and_up_is_for_the_other(
    receiver: HttpReceiver, context: SendContext
) -> None:
    spec = target(receiver, up={"url": f"{receiver.url}/u"})
    assert (await sent(receiver, context, spec)).target == "/"
    assert (await sent(receiver, context, spec, "up")).target == "/u"


async def test_each_attempt_carries_the_same_id(receiver: HttpReceiver, context: SendContext) -> None:
    for _ in range(2):
        await sent(receiver, context, receiver.url)
    ids = {request.headers["idempotency-key"] for request in receiver.requests}
    assert (
        ids == {request.headers["webhook-id"] for request in receiver.requests} == {str(alert_message().id)}
    )
    assert abs(int(receiver.requests[0].headers["webhook-timestamp"]) - time.time()) < 30
    assert "webhook-signature" not in receiver.requests[0].headers


async def test_with_a_secret_requests_are_signed(receiver: HttpReceiver, context: SendContext) -> None:
    request = await sent(receiver, context, target(receiver, secret=SECRET, body="ü $NAME"))
    headers = request.headers
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(signature) == hmac.new(KEY, content, hashlib.sha256).digest()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_two_hundreds_are_success(receiver: HttpReceiver, context: SendContext, status: int) -> None:
    receiver.answer = status
    assert await WEBHOOK.send(receiver.url, alert_message(), context) == Receipt(status=status)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_trouble_that_may_pass_is_transient(
    receiver: HttpReceiver, context: SendContext, status: int
) -> None:
    failed = await failing(receiver, context, status)
    assert (failed.transient, failed.status) == (True, status)


@pytest.mark.parametrize("status", [400, 401, 403, 410, 422])
async def test_an_answer_that_will_not_change_is_permanent(
    receiver: HttpReceiver, context: SendContext, status: int
) -> None:
    failed = await failing(receiver, context, status)
    assert (failed.transient, failed.status) == (False, status)
    assert str(status) in str(failed)


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 404])
async def test_a_receiver_that_is_elsewhere_or_not_found_is_tried_a_few_times(
    receiver: HttpReceiver, context: SendContext, status: int
) -> None:
    failed = await failing(receiver, context, status)
    assert (failed.transient, failed.status, failed.max_attempts) == (True, status, FEW_ATTEMPTS)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_says_when_it_is_to_be_asked_again(
    receiver: HttpReceiver, context: SendContext, status: int
) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\nretry-after: 90\r\nContent-Length: 0\r\n\r\n".encode())

    receiver.answer = answer
    with pytest.raises(DeliveryError) as caught:
        await WEBHOOK.send(receiver.url, alert_message(), context)
    assert (caught.value.transient, caught.value.retry_after) == (True, 90.0)


async def failing(receiver: HttpReceiver, context: SendContext, status: int) -> DeliveryError:
    receiver.answer = status
    receiver.location = "/elsewhere" if 300 <= status < 400 else ""
    with pytest.raises(DeliveryError) as caught:
        await WEBHOOK.send(f"{receiver.url}/SECRET", alert_message(), context)
    assert "SECRET" not in str(caught.value)
    assert len(receiver.requests) == 1
    return caught.value


async def test_private_addresses_are_out_of_reach_unless_allowed(receiver: HttpReceiver) -> None:
    async with making_send_context(allowed_networks=()) as context:
        for url in (receiver.url, f"http://localhost:{receiver.port}/"):
            with pytest.raises(DeliveryError, match="private or reserved") as caught:
                await WEBHOOK.send(url, alert_message(), context)
            assert caught.value.transient is False
    assert receiver.requests == []


async def test_a_stored_target_that_does_not_fit_fails_for_good(context: SendContext) -> None:
    for stored in ('{"url": 1}', "no url", '{"url": "http://127.0.0.1/", "secret": "x"}', BAD_HEADER):
        with pytest.raises(DeliveryError) as caught:
            await WEBHOOK.send(stored, alert_message(), context)
        assert caught.value.transient is False


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (" https://example.org/$CODE?x=$NAME \n", "https://example.org/$CODE?x=$NAME"),
        ("http://10.0.0.1:8080/", "http://10.0.0.1:8080/"),
        ("https://bücher.example/", "https://bücher.example/"),
        ('{"url": "https://e.org", "method": "POST", "headers": {}}', '{"url":"https://e.org"}'),
        ('{"up": {"url": "https://e.org", "body": ""}}', '{"up":{"url":"https://e.org","body":""}}'),
    ],
)
def test_a_target_is_stored_in_short_form(given: str, stored: str) -> None:
    assert WEBHOOK.normalise(given) == stored
    assert WEBHOOK.normalise(stored) == stored


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("", "empty"),
        ("x" * 20_000, "longer than"),
        ("https://e.org/\0", "characters"),
        ("https://e.org/\ud800", "characters"),
        ("example.org/hook", "no URL of http"),
        ("ftp://example.org/", "no URL of http"),
        ("http://", "no URL of http"),
        ("https://[::1", "is no URL"),
        ("https://e.org:port/", "is no URL"),
        ("https://e.org/\r\nX: y", "no URL"),
        ("{", "does not fit"),
        ("{}", "no URL in it"),
        ("[" * 5000, "no URL"),
        ('{"a":' * 3000, "does not fit|no JSON"),
        ('{"secret": "' + SECRET + '"}', "no URL in it"),
        ('{"method": "GET", "up": {"url": "https://e.org"}}', 'beside no "url"'),
        ('{"url": "https://e.org", "uri": ""}', "uri"),
        ('{"url": "https://e.org", "up": {"url": "https://e.org", "secret": ""}}', "secret"),
        ('{"url": "https://e.org", "up": {"url": "x"}}', "no URL"),
        ('{"url": "https://e.org", "method": "TRACE"}', "method|TRACE"),
        ('{"url": "https://e.org", "method": "GET", "body": "x"}', "GET has no body"),
        ('{"url": "https://e.org", "headers": {"X": 1}}', "headers"),
        ('{"url": "https://e.org", "headers": {"X Y": ""}}', "no name of a header"),
        ('{"url": "https://e.org", "headers": {"X:": ""}}', "no name of a header"),
        ('{"url": "https://e.org", "headers": {"X\\n": ""}}', "no name of a header"),
        ('{"url": "https://e.org", "headers": {"X": "a\\r\\nb: c"}}', "control characters"),
        ('{"url": "https://e.org", "headers": {"Host": "x"}}', "set by the server"),
        ('{"url": "https://e.org", "headers": {"content-LENGTH": "1"}}', "set by the server"),
        ('{"url": "https://e.org", "headers": {"Webhook-Id": "1"}}', "set by the server"),
        ('{"url": "https://e.org", "secret": "x"}', "secret does not fit"),
        ('{"url": "https://e.org", "secret": "whsec_c2hvcnQ="}', "secret does not fit"),
    ],
)
def test_a_target_that_does_not_fit_is_refused_with_what_would(given: str, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=problem) as caught:
        WEBHOOK.normalise(given)
    assert ": expected " in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("https://example.org", "https://example.org"),
        ("https://example.org/TOKEN?k=TOKEN", "https://example.org/****"),
        ("https://u:TOKEN@example.org:8443/", "https://example.org:8443/****"),
        (
            '{"url":"https://e.org/TOKEN","headers":{"X":"TOKEN"},"body":"TOKEN",'
            '"up":{"url":"https://e.org/TOKEN","headers":{"X":"TOKEN"},"body":"TOKEN"},"secret":"whsec_TOKEN"}',
            '{"url":"https://e.org/****","headers":{"X":"****"},"body":"****",'
            '"up":{"url":"https://e.org/****","headers":{"X":"****"},"body":"****"},"secret":"****"}',
        ),
        ('{"TOKEN', "****"),
    ],
)
def test_what_others_see_of_a_target_holds_no_secret(stored: str, shown: str) -> None:
    assert WEBHOOK.masked(stored) == shown


@given(st.text() | st.text().map("{".__add__) | st.text().map("http://".__add__))
def test_no_target_raises_anything_else(text: str) -> None:
    WEBHOOK.masked(text)
    with contextlib.suppress(InvalidRequest):
        assert WEBHOOK.normalise(WEBHOOK.normalise(text))
