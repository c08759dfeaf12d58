from __future__ import annotations

import pytest

from smtp import limits
from tests.smtp.fakes import (
    DOMAIN,
    MAIL,
    Client,
    FakeIntake,
    address,
    listening,
)


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        (f"{'0' * 8}-0000-4000-8000-{'0' * 12}@{DOMAIN}", "550 5.1.1 No such check"),
        (f"key+missing@{DOMAIN}", "550 5.1.1 No such check"),
        (f"key+twice@{DOMAIN}", "550 5.1.1 Ambiguous slug: several checks have it, use the UUID"),
        (f"root@{DOMAIN}", "550 5.1.1 Invalid mailbox"),
        ("key+nightly@elsewhere.org", "550 5.1.1 Recipient rejected"),
        ("key+nightly", "550 5.1.1 Recipient rejected"),
        ("", "550 5.1.1 Recipient rejected"),
        ("a\0b@\udcff", "550 5.1.1 Recipient rejected"),
    ],
)
async def test_a_recipient_that_is_not_served_is_refused_and_the_session_goes_on(
    recipient: str, reply: str
) -> None:
    intake = FakeIntake()
    check = intake.add()
    intake.add(slug="twice")
    intake.add(slug="twice")
    async with listening(intake) as (_, port), Client.connect(port) as client:
        await client.send("MAIL FROM:<a@b.c>")
        assert await client.send(f"RCPT TO:<{recipient}>") == reply
        assert (await client.send("DATA")).startswith("503")
        assert (await client.mail(MAIL, check)).startswith("250")
    assert len(intake.reports) == 1


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL FROM:", "501"),
        ("MAIL", "501"),
        ("MAIL TO:<a@b>", "501"),
        ("MAIL FROM:<a@b", "553"),
        ("MAIL FROM:<a@b> SIZE=x", "501"),
        ("MAIL FROM:<a@b> SIZE=²", "501"),
        ("MAIL FROM:<a@b> BODY=BINARYMIME", "501"),
        ("MAIL FROM:<a@b> NONSENSE=1", "555"),
        ("RCPT TO:<a@b>", "503"),
        ("DATA", "503"),
        ("DATA now", "501"),
        ("EHLO", "501"),
        ("VRFY root", "252"),
        ("VRFY", "252"),
        ("EXPN list", "502"),
        ("AUTH PLAIN AHgAeA==", "502"),
        ("HELP", "214"),
        ("STARTTLS", "454"),
        ("NOOP", "250"),
        ("RSET", "250"),
        ("GET / HTTP/1.0", "500"),
        ("\udcff\udcfe x", "500"),
        ("", "500"),
        ("NOOP " + "x" * 5000, "500"),
        ("NOOP " + "x" * 300_000, "500"),
    ],
)
async def test_every_command_has_its_answer_and_the_session_goes_on(command: str, reply: str) -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.send(command)).startswith(reply)
        assert (await client.mail(MAIL, check)).startswith("250")


async def test_mail_is_refused_before_helo_or_ehlo() -> None:
    async with listening(FakeIntake()) as (_, port), Client.connect(port, greet=False) as client:
        await client.reply()
        assert (await client.send("MAIL FROM:<a@b>")).startswith("503")
        assert (await client.send("HELO tester")).startswith("250")
        assert (await client.send("MAIL FROM:<a@b>")).startswith("250")


async def test_the_extensions_are_announced() -> None:
    async with listening(FakeIntake()) as (_, port), Client.connect(port) as client:
        reply = await client.send("EHLO tester")
    assert [line[4:].strip() for line in reply.splitlines()] == [
        DOMAIN,
        "SIZE 10000000",
        "8BITMIME",
        "SMTPUTF8",
        "PIPELINING",
    ]


async def test_recipients_beyond_the_limit_get_a_temporary_error() -> None:
    intake = FakeIntake()
    checks = [intake.add() for _ in range(3)]
    async with listening(intake, max_recipients=2) as (_, port), Client.connect(port) as client:
        await client.send("MAIL FROM:<>")
        replies = [await client.send(f"RCPT TO:<{address(check)}>") for check in checks]
        assert [reply[:3] for reply in replies] == ["250", "250", "452"]


async def test_mail_inside_a_transaction_is_refused() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.send("MAIL FROM:<a@b>")).startswith("250")
        assert (await client.send("MAIL FROM:<c@d>")).startswith("503")
        assert (await client.send(f"RCPT TO:<{address(check)}>")).startswith("250")
        assert (await client.send("MAIL FROM:<e@f>")).startswith("503")
        for end in ("RSET", "HELO me", "EHLO me"):
            assert (await client.send(end)).startswith("250")
            assert (await client.send("MAIL FROM:<g@h>")).startswith("250")


async def test_after_refused_recipients_another_message_may_be_begun_without_rset() -> None:
    async with listening(FakeIntake()) as (_, port), Client.connect(port) as client:
        for _ in range(2):
            assert (await client.send("MAIL FROM:<a@b>")).startswith("250")
            assert (await client.send("RCPT TO:<nobody@b>")).startswith("550")


async def test_an_empty_helo_is_accepted() -> None:
    intake = FakeIntake()
    check = intake.add()
    for greeting in ("HELO", "HELO "):
        async with listening(intake) as (_, port), Client.connect(port, greet=False) as client:
            await client.reply()
            assert (await client.send(greeting)).startswith("250")
            assert (await client.mail(MAIL, check)).startswith("250")
    assert len(intake.reports) == 2


@pytest.mark.parametrize("command", ["MAIL FROM:NAS <a@b>", "MAIL FROM:<a@b", 'MAIL FROM:"NAS" <a@b>'])
async def test_what_is_no_plain_address_is_refused_with_a_hint(command: str) -> None:
    async with listening(FakeIntake()) as (_, port), Client.connect(port) as client:
        reply = await client.send(command)
        assert reply.startswith("553 5.1.3 Malformed address")
        assert "MAIL FROM:<name@example.org>" in reply


async def test_refused_recipients_are_logged_at_a_bounded_rate(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with listening(FakeIntake()) as (_, port), Client.connect(port) as client:
        await client.send("MAIL FROM:<a@b>")
        for number in range(50):
            assert (await client.send(f"RCPT TO:<{number}@b>")).startswith("550")
    logged = [line for line in caplog.messages if line.startswith("refused")]
    assert logged[0] == "refused 0@b from 127.0.0.1: 550 5.1.1 Recipient rejected"
    assert logged[limits.LOGGED_LINES :] == ["refused 40 more recipients or logins, not logged singly"]
