from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hcserver.notify.alert_message import AlertMessage
from hcserver.notify.payload import check_payload, document, expand, placeholders
from hcserver.payloads.check import check_payload as api_payload
from tests.hcserver.notify.alert_messages import CHECK, NOW, alert_message, check, ping

MAIL = (
    b"Subject: =?utf-8?q?f=C3=BCr?=\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"PHA+ZGlzayBmw7xsbDwvcD4=\r\n--b--\r\n"
)


def expanded(template: str, message: AlertMessage, limit: int = 1000) -> str:
    return expand(template, placeholders(message, limit, full=False))


def test_a_document_has_these_members_in_this_order() -> None:
    assert list(document(alert_message(last_ping=ping()), full=False)) == [
        *("type", "timestamp", "id", "status", "reason", "since", "project", "check", "last_ping"),
        *("title", "text", "link"),
    ]


def test_the_check_is_as_the_api_shows_it_with_fewer_members() -> None:
    message = alert_message(check=check(last_ping=NOW, last_start=NOW - timedelta(seconds=9), desc="x"))
    shown = check_payload(message, full=True)
    api = api_payload(message.check, message.now, message.base_url, version=3, writable=True)
    assert shown.items() <= api.items()
    assert list(shown) == [
        *("name", "slug", "tags", "desc", "grace", "n_pings", "status", "started", "last_ping", "next_ping"),
        *("uuid", "ping_url", "update_url", "pause_url", "resume_url", "timeout"),
    ]


def test_a_check_on_a_schedule_shows_that_instead_of_a_timeout() -> None:
    cron = check(kind="cron", schedule="0 3 * * *", tz="Europe/Riga")
    shown = check_payload(alert_message(check=cron), full=False)
    assert list(shown)[-2:] == ["schedule", "tz"]


def test_a_document_that_is_not_full_has_the_unique_key_in_place_of_all_addresses() -> None:
    full = check_payload(alert_message(), full=True)
    short = check_payload(alert_message(), full=False)
    assert full.keys() - short.keys() == {"uuid", "ping_url", "update_url", "pause_url", "resume_url"}
    assert short.keys() - full.keys() == {"unique_key"}


def test_the_body_as_received_and_the_readable_text_of_an_email() -> None:
    message = alert_message(last_ping=ping(scheme="email", body=MAIL))
    assert expanded("$BODY", message) == MAIL.decode()
    assert expanded("$BODY_TEXT", message).strip() == "disk füll"
    assert json.loads(expanded("$BODY_JSON", message)) == MAIL.decode()
    assert json.loads(expanded("$BODY_TEXT_JSON", message)).strip() == "disk füll"


def test_the_readable_text_of_an_http_ping_is_its_body() -> None:
    message = alert_message(last_ping=ping(body="disk füll\n".encode()))
    assert expanded("$BODY|$BODY_TEXT", message) == "disk füll\n|disk füll\n"


def test_bodies_are_cut_at_the_limit() -> None:
    message = alert_message(last_ping=ping(body=b"x" * 500))
    assert expanded("$BODY $BODY_TEXT", message, 10) == "x" * 10 + " " + "x" * 10


def test_a_body_without_its_beginning_is_cut_from_its_end() -> None:
    about = alert_message(last_ping=ping(body=b"abcdef", cut_before=1))
    values = placeholders(about, 3, full=True)
    assert (values["BODY"](), values["BODY_TEXT"]()) == ("def", "def")


def test_without_a_ping_body_placeholders_are_empty() -> None:
    assert expanded("$BODY$BODY_TEXT|$BODY_TEXT_JSON|$EXITSTATUS", alert_message()) == '|""|-1'


def test_unknown_placeholders_stay() -> None:
    assert expanded("$TAG2 $TAG3 $NOPE $", alert_message()) == "db $TAG3 $NOPE $"


def test_a_value_that_is_not_used_is_not_made() -> None:
    def fail() -> str:
        raise AssertionError

    assert expand("$NAME", {"NAME": lambda: "a", "BODY_TEXT": fail}) == "a"


@given(st.text(), st.text())
def test_values_are_put_in_once_whatever_they_contain(name: str, body: str) -> None:
    message = alert_message(check=check(name=name), last_ping=ping(body=body.encode("utf-8", "replace")))
    values: dict[str, Any] = json.loads(expanded('{"name": $NAME_JSON, "body": $BODY_TEXT_JSON}', message))
    assert values["name"] == name
    assert expanded("$CODE", message) == str(CHECK)
