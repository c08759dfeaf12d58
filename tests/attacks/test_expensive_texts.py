"""Texts that once took seconds to search: they delay nobody else, and are understood."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.attacks.hostile import DOMAIN, pinging, send_mail, together
from tests.e2e.server import RealServer

SLACK = 1.5  # seconds that a ping may take on a busy machine; the attacks once took 5 to 11
HTML = b"Subject: report\r\nContent-Type: text/html\r\n\r\n"


def pings(server: RealServer, project: Any, check: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.api(f"checks/{check}/pings/", project["api_key"])["pings"]
    return found


def test_blanks_in_html_delay_no_ping(server: RealServer, project: Any, bystander: str) -> None:
    settings = {"filter_body": True, "success_kw": "OK", "failure_kw": "FAIL"}
    check = server.api("checks/", project["api_key"], settings)["uuid"]
    raw = HTML + b"\r\n".join([b" " * 900] * 70) + b"<p>OK\r\n"
    mails = [
        threading.Thread(target=send_mail, args=(server.smtp_port, f"{check}@{DOMAIN}", raw))
        for _ in range(2)
    ]
    with pinging(server, bystander) as delays, together(*mails):
        pass
    assert delays.statuses == {200}
    assert delays.worst < SLACK
    assert [ping["type"] for ping in pings(server, project, check)] == ["success"] * 2


def test_a_large_email_full_of_blanks_is_a_failure_if_it_says_so(server: RealServer, project: Any) -> None:
    settings = {"filter_body": True, "success_kw": "OK", "failure_kw": "FAIL"}
    check = server.api("checks/", project["api_key"], settings)["uuid"]
    raw = HTML + b"\r\n".join([b" " * 900] * 330) + b"<p>FAIL\r\n"
    send_mail(server.smtp_port, f"{check}@{DOMAIN}", raw)
    (ping,) = pings(server, project, check)
    assert (ping["type"], ping["reason"]["where"]) == ("fail", "body")


def test_repeated_keywords_delay_no_ping(server: RealServer, project: Any, bystander: str) -> None:
    settings: dict[str, object] = {"filter_http_body": True, "kw_whole_word": True}
    settings |= dict.fromkeys(("start_kw", "success_kw", "failure_kw"), ",".join("a" * 100))
    check = server.api("checks/", project["api_key"], settings)["uuid"]
    attack = [
        threading.Thread(target=server.request, args=(f"/ping/{check}", "POST", b"a" * 10_000))
        for _ in range(12)
    ]
    with pinging(server, bystander) as delays, together(*attack):
        pass
    assert delays.statuses == {200}
    assert delays.worst < SLACK
    assert len(pings(server, project, check)) == 12


@pytest.mark.parametrize("digits", [5000, 100_000])
def test_a_character_reference_of_thousands_of_digits_is_text(
    server: RealServer, project: Any, digits: int
) -> None:
    settings = {"filter_body": True, "success_kw": "OK"}
    check = server.api("checks/", project["api_key"], settings)["uuid"]
    lines = b"\r\n".join([b"&#" + b"1" * 900] + [b"1" * 900] * (digits // 900))
    for raw in (HTML + b"&#" + b"1" * 5000 + b"; OK\r\n", HTML + lines + b"; OK\r\n"):
        send_mail(server.smtp_port, f"{check}@{DOMAIN}", raw)
        answer = server.request(f"/api/v3/checks/{check}/classify", body=raw, key=project["api_key"])
        assert (answer.status, answer.json()["reason"]["signal"]) == (200, "success")
    assert [ping["type"] for ping in pings(server, project, check)] == ["success"] * 2
