from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage

import pytest

from hcserver.domain.keywords import Reason
from hcserver.services.intake.repetitions import Receipt
from smtp.delivery import Message
from tests.smtp.fakes import (
    DOMAIN,
    MAIL,
    NOW,
    Client,
    FakeBounces,
    FakeIntake,
    address,
    listening,
    make_listener,
    settings,
)


async def test_a_mail_to_a_check_is_a_ping() -> None:
    intake = FakeIntake()
    check = intake.add(filter_subject=True, success_kw="OK")
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert await client.mail(MAIL, check) == "250 2.0.0 OK, recorded"
    (report,) = intake.reports
    assert report.check == check.id
    assert report.at == NOW
    assert report.signal == "success"
    assert report.reason == Reason(signal="success", keyword="OK", where="subject")
    assert (report.scheme, report.method, report.rid) == ("email", "", None)
    assert report.ua == "Email from ups@example.org"
    assert report.remote_addr == "127.0.0.1"
    assert report.subject == "Backup OK"
    assert report.sender == "ups@example.org"
    assert report.body == MAIL + b"\r\n"
    assert report.token == b""


async def test_an_address_may_be_in_any_case() -> None:
    intake = FakeIntake()
    check = intake.add(slug="nightly", ping_key="abc123")
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.mail(MAIL, address(check).upper())).startswith("250")
        assert (await client.mail(MAIL, f"ABC123+Nightly@{DOMAIN.upper()}")).startswith("250")
    assert [report.check for report in intake.reports] == [check.id] * 2


async def test_one_mail_is_a_ping_of_every_recipient() -> None:
    intake = FakeIntake()
    checks = [intake.add(filter_body=True, failure_kw=word) for word in ("well", "ill", "broken")]
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.mail(MAIL, *checks)).startswith("250")
    assert [report.signal for report in intake.reports] == ["fail", "ign", "ign"]


async def test_a_check_named_twice_is_pinged_once() -> None:
    intake = FakeIntake()
    check = intake.add(slug="nightly")
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.mail(MAIL, check, check, f"key+nightly@{DOMAIN}")).startswith("250")
    assert len(intake.reports) == 1


async def test_the_null_sender_and_odd_senders_are_accepted() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        for sender in ("", "a\udcffb\0c@d", "x" * 300 + "@d", "jürgen@d", '"a>b"@d'):
            assert (await client.mail(MAIL, check, sender=sender)).startswith("250")
        assert (await client.send("MAIL FROM:bare@d")).startswith("250")
    uas = [report.ua for report in intake.reports]
    assert uas[0] == "Email from <>"
    assert intake.reports[0].sender == ""
    assert uas[1] == "Email from a\ufffdb\ufffdc@d"
    assert len(uas[2]) == 200
    assert uas[3:] == ["Email from jürgen@d", 'Email from "a>b"@d']


async def test_a_body_over_the_limit_is_cut() -> None:
    intake = FakeIntake()
    intake.body_limit = 10
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        await client.mail(MAIL, check)
    (report,) = intake.reports
    whole = MAIL + b"\r\n"  # the client ends the last line
    assert (report.body, report.cut_after) == (whole[:10], len(whole) - 10)


async def test_mail_by_smtplib_arrives_as_it_was_sent() -> None:
    intake = FakeIntake()
    check = intake.add(filter_body=True, failure_kw="Größe")
    message = EmailMessage()
    message["Subject"] = "Bericht für Köln"
    message.set_content("Die Größe stimmt nicht.\n.\n..\n", cte="base64")

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.send_message(message, "nas@example.org", [address(check)])

    async with listening(intake) as (_, port):
        await asyncio.to_thread(send, port)
    (report,) = intake.reports
    assert report.subject == "Bericht für Köln"
    assert report.reason == Reason(signal="fail", keyword="Größe", where="body")


DELIVERY_STATUS = b"""\
From: MAILER-DAEMON@mx.example.org\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: message/delivery-status\r
\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 <ops@example.org>: User unknown\r
--b--\r
"""


async def test_a_failure_report_to_a_return_address_is_noted_and_other_mail_is_dropped() -> None:
    intake, bounces = FakeIntake(), FakeBounces()
    check = intake.add()
    async with listening(intake, bounces) as (_, port), Client.connect(port) as client:
        to = "Bounce+X@bounces.example.org"
        assert (await client.mail(b"Subject: away\r\n\r\nback soon", to, sender="")).startswith("250")
        assert bounces.came_back == []
        assert (await client.mail(DELIVERY_STATUS, to, check, sender="")).startswith("250")
        assert bounces.came_back == [(bounces.address, "550 5.1.1 <ops@example.org>: User unknown")]
        refused = await client.mail(DELIVERY_STATUS, "bounce+y@bounces.example.org", sender="")
        assert refused.startswith("503")
    assert [report.check for report in intake.reports] == [check.id]


@pytest.mark.parametrize(
    ("domain", "recipient"),
    [
        ("bücher.example", "bücher.example"),
        ("bücher.example", "BÜCHER.example."),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "bücher.example"),
    ],
)
async def test_an_internationalised_domain_is_served_in_both_of_its_forms(
    domain: str, recipient: str
) -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake, domains=(domain,)) as (_, port), Client.connect(port) as client:
        assert (await client.mail(MAIL, f"{check.id}@{recipient}")).startswith("250")
        assert (await client.send("RCPT TO:<x@bucher.example>")).startswith("503")


async def test_the_receipts_of_a_message_are_those_of_its_reports() -> None:
    intake = FakeIntake()
    checks = [intake.add(), intake.add()]
    delivery = make_listener(settings(), intake)._delivery
    message = Message(raw=b"Message-ID: <1@nas>\r\n" + MAIL, sender="a@b", remote_addr="192.0.2.1")
    receipts = await delivery.deliver(message, [*checks, checks[0]])
    assert receipts == [Receipt(report.check, report.token) for report in intake.reports]
    assert [receipt.check for receipt in receipts] == [check.id for check in checks]
    assert await delivery.deliver(Message(raw=MAIL, sender="", remote_addr=""), checks) == []
