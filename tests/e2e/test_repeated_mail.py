"""Emails that are sent more than once: which are new reports, and which repeat one that was not answered."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.e2e.server import RealServer

FIELDS = {"filter_subject": True, "success_kw": "OK", "failure_kw": "FAILED"}
MARKED = 3.0  # seconds after which the server has noted in its database which emails were answered

DATE = "Date: Thu, 01 Jan 2026 03:04:05 +0000"
PATTERNS: dict[str, tuple[str, ...]] = {
    "no id, no date": (),
    "no id, a fixed date": (DATE,),
    "no id, a new date each": ("Date: {number}",),
    "<> and no date": ("Message-ID: <>",),
    "<> and a fixed date": ("Message-ID: <>", DATE),
    "a blank id": ("Message-ID: ",),
    "a fixed id and no date": ("Message-ID: <ups@card>",),
    "a fixed id and a fixed date": ("Message-ID: <ups@card>", DATE),
    "a fixed id and a new date each": ("Message-ID: <ups@card>", "Date: {number}"),
    "a new id each and no date": ("Message-ID: <{number}@card>",),
    "a new id each and a fixed date": ("Message-ID: <{number}@card>", DATE),
}


def mail(fields: Sequence[str], subject: str, number: int) -> bytes:
    head = [*fields, f"Subject: {subject}", "From: ups@example.org"]
    return "\r\n".join(head).format(number=number).encode() + b"\r\n\r\nsee the subject\r\n"


def send(server: RealServer, uuid: str, message: bytes) -> None:
    """As `curl --upload-file` does: one connection for a mail, which ends with QUIT."""
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as smtp:
        smtp.sendmail("ups@example.org", [f"{uuid}@hc.example.org"], message)


def send_without_hearing(server: RealServer, uuid: str, message: bytes) -> socket.socket:
    """Send a mail and don't read the answer to it; the connection is still open."""
    smtp = smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10)
    smtp.ehlo()
    smtp.mail("ups@example.org")
    smtp.rcpt(f"{uuid}@hc.example.org")
    smtp.docmd("DATA")
    smtp.send(message + b".\r\n")
    connection = smtp.sock
    assert connection is not None
    return connection


def types(server: RealServer, key: str, uuid: str) -> list[str]:
    """The types of a check's pings, oldest first."""
    return [ping["type"] for ping in server.api(f"checks/{uuid}/pings/", key)["pings"]][::-1]


def wait_for_pings(server: RealServer, key: str, uuid: str, number: int) -> None:
    for _ in range(500):
        if server.api(f"checks/{uuid}", key)["n_pings"] >= number:
            return
        time.sleep(0.02)
    raise AssertionError(f"{uuid} has not got {number} pings")


def restart(server: RealServer, how: str) -> None:
    if how == "stopped":
        assert server.stop() == 0
    else:
        time.sleep(MARKED)
        server.kill()
    server.start()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_every_report_is_recorded_whatever_its_ids_and_dates_also_over_a_restart(
    make_server: Callable[..., RealServer], how: str
) -> None:
    server = make_server().start()
    key = server.create_project("tests")["api_key"]
    file = server.api("checks/", key, {"name": "a file"})["uuid"]
    eml = mail(("Message-ID: <1@nas>", DATE), "OK", 0)
    send(server, file, eml)
    send(server, file, eml)
    checks = {name: server.api("checks/", key, {"name": name, **FIELDS})["uuid"] for name in PATTERNS}
    reports = ("OK", "FAILED", "OK", "OK")
    for number, subject in enumerate(reports):
        for name, uuid in checks.items():
            send(server, uuid, mail(PATTERNS[name], subject, number))
    restart(server, how)
    send(server, file, eml)
    server.api(f"checks/{file}", key, {**FIELDS, "success_kw": "see", "filter_body": True})
    send(server, file, eml)
    for name, uuid in checks.items():
        send(server, uuid, mail(PATTERNS[name], "OK", 4))
    expected = ["success", "fail", "success", "success", "success"]
    found = {name: types(server, key, uuid) for name, uuid in checks.items()}
    assert found == dict.fromkeys(PATTERNS, expected)
    assert {server.api(f"checks/{uuid}", key)["status"] for uuid in checks.values()} == {"up"}
    assert types(server, key, file) == ["success"] * 4, "the same file each time"


def test_a_sender_that_has_not_heard_the_answer_repeats_a_mail_and_it_counts_once(
    server: RealServer, project: Any
) -> None:
    key = project["api_key"]
    uuid = server.api("checks/", key, {"name": "retry"})["uuid"]
    eml = mail(("Message-ID: <2@nas>", DATE), "OK", 0)
    send_without_hearing(server, uuid, eml).close()
    wait_for_pings(server, key, uuid, 1)
    send(server, uuid, eml)
    assert len(types(server, key, uuid)) == 1
    assert f"to check {uuid}" in server.output.read_text()
    # Now the answer was heard.
    send(server, uuid, eml)
    assert len(types(server, key, uuid)) == 2


@pytest.mark.parametrize("between", ["http", "mail"])
def test_a_mail_counts_again_once_another_ping_of_the_check_came_in_between(
    server: RealServer, project: Any, between: str
) -> None:
    key = project["api_key"]
    uuid = server.api("checks/", key, {"name": f"between {between}"})["uuid"]
    eml = mail(("Message-ID: <3@nas>", DATE), "OK", 0)
    send_without_hearing(server, uuid, eml).close()
    wait_for_pings(server, key, uuid, 1)
    if between == "http":
        assert server.request(f"/ping/{uuid}/fail").status == 200
    else:
        send(server, uuid, mail(("Message-ID: <4@nas>",), "FAILED", 0))
    send(server, uuid, eml)
    assert len(types(server, key, uuid)) == 3


def test_a_mail_whose_answer_was_lost_with_the_server_counts_once(
    make_server: Callable[..., RealServer],
) -> None:
    server = make_server().start()
    key = server.create_project("tests")["api_key"]
    uuid = server.api("checks/", key, {"name": "killed"})["uuid"]
    # Earlier mails have moved the mark on, as in a server that is at work.
    send(server, uuid, mail(("Message-ID: <5@nas>",), "OK", 0))
    eml = mail(("Message-ID: <6@nas>", DATE), "OK", 0)
    connection = send_without_hearing(server, uuid, eml)
    wait_for_pings(server, key, uuid, 2)
    server.kill()
    with contextlib.suppress(OSError):
        connection.close()
    server.start()
    send(server, uuid, eml)
    assert len(types(server, key, uuid)) == 2
    send(server, uuid, eml)
    assert len(types(server, key, uuid)) == 3
