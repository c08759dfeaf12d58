"""Emails to a running server."""

from __future__ import annotations

import smtplib
import time
from email.message import EmailMessage
from typing import Any

import pytest

from tests.e2e.server import RealServer

SLACK = 2.0  # seconds, for a machine that is busy with other tests

FIELDS = {
    "filter_subject": True,
    "filter_body": True,
    "start_kw": "starting",
    "success_kw": "OK",
    "failure_kw": "degraded",
}


def mail(recipient: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "NAS <nas@example.org>"
    message["To"] = recipient
    message["Subject"] = subject
    message.set_content(text)
    return message


@pytest.mark.parametrize("how", ["by uuid", "by ping key and slug"])
@pytest.mark.parametrize(
    ("subject", "text", "type", "reason"),
    [
        ("Pool tänk", "state: OK", "success", {"signal": "success", "keyword": "OK", "where": "body"}),
        (
            "tank is degraded",
            "state: OK",
            "fail",
            {"signal": "fail", "keyword": "degraded", "where": "subject"},
        ),
        ("starting", "", "start", {"signal": "start", "keyword": "starting", "where": "subject"}),
        ("Hello", "world", "ign", {"signal": "ign", "keyword": None, "where": "default"}),
    ],
    ids=["success", "fail", "start", "ign"],
)
def test_a_mail_is_a_ping_in_the_log_within_a_second(
    server: RealServer, project: Any, how: str, subject: str, text: str, type: str, reason: dict[str, Any]
) -> None:
    slug = f"{type}-{how.replace(' ', '-')}"
    check = server.api("checks/", project["api_key"], {**FIELDS, "slug": slug})
    local = check["uuid"] if how == "by uuid" else f"{project['ping_key']}+{slug}"
    message = mail(f"{local}@hc.example.org", subject, text)
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as smtp:
        sent = time.monotonic()
        smtp.send_message(message)
    (ping,) = server.api(f"checks/{check['uuid']}/pings/", project["api_key"])["pings"]
    assert time.monotonic() - sent < 1 + SLACK
    assert (ping["n"], ping["scheme"], ping["type"], ping["reason"]) == (1, "email", type, reason)
    assert (ping["subject"], ping["sender"]) == (subject, "nas@example.org")
    assert (ping["method"], ping["ua"]) == ("", "Email from nas@example.org")
    body = server.request(
        ping["body_url"].replace("http://localhost", "http://127.0.0.1"), key=project["api_key"]
    )
    assert body.status == 200
    assert body.body.rstrip() == message.as_bytes(policy=message.policy.clone(linesep="\r\n")).rstrip()


def test_a_mail_for_nobody_is_refused(server: RealServer, project: Any) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.send_message(mail(f"{project['ping_key']}+nothing@hc.example.org", "x", "x"))
        ((code, _),) = refused.value.recipients.values()
        assert code == 550
