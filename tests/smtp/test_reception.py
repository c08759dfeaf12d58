from __future__ import annotations

import asyncio

from hcserver.errors import Unavailable
from hcserver.net.byte_budget import ByteBudget
from hcserver.services.intake.repetitions import Receipt
from smtp import reception
from tests.smtp.fakes import (
    MAIL,
    Client,
    FakeIntake,
    address,
    listening,
)


async def test_the_body_is_kept_byte_for_byte_without_the_doubled_dots() -> None:
    intake = FakeIntake()
    check = intake.add()
    raw = b"A: b\r\n\r\n.\r..dots\r\n.\n.\n\0\xff bare\n\r\r\n..two\r\n\r\n"
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.mail(raw, check)).startswith("250")
    assert intake.reports[0].body == raw + b"\r\n"


async def test_an_empty_message_is_a_ping_without_a_body() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        for command in ("MAIL FROM:<>", f"RCPT TO:<{address(check)}>", "DATA"):
            await client.send(command)
        assert (await client.send(".")).startswith("250")
    assert intake.reports[0].body is None


async def test_a_message_over_the_size_limit_is_refused_at_mail_and_behind_data() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake, max_message_bytes=65536) as (_, port), Client.connect(port) as client:
        assert await client.send("MAIL FROM:<a@b> SIZE=65537") == reception.TOO_LARGE
        assert (await client.send("MAIL FROM:<a@b> SIZE=65536 BODY=8BITMIME SMTPUTF8")).startswith("250")
        await client.send("RSET")
        assert await client.mail(b"x" * 65536, check) == reception.TOO_LARGE
        assert (await client.mail(b"x" * 65534, check)).startswith("250")
    assert len(intake.reports) == 1


async def test_a_line_may_be_as_long_as_a_message() -> None:
    intake = FakeIntake()
    check = intake.add()
    raw = b"Subject: " + b"s" * 300_000 + b"\r\n\r\n" + b"y" * 600_000
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.mail(raw, check)).startswith("250")
    assert intake.reports[0].body == raw + b"\r\n"
    assert intake.reports[0].subject == "s" * 1000


async def test_nothing_is_recorded_of_a_message_that_breaks_off() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        for command in ("MAIL FROM:<>", f"RCPT TO:<{address(check)}>", "DATA"):
            await client.send(command)
        client.write(MAIL + b".\r")
        client.writer.write_eof()
        assert await client.reply() == ""
    assert intake.reports == []


async def test_messages_beyond_the_shared_memory_get_a_temporary_error() -> None:
    intake = FakeIntake()
    check = intake.add()
    intake.gate = asyncio.Event()
    async with (
        listening(intake, None, ByteBudget(140_000)) as (_, port),
        Client.connect(port) as first,
        Client.connect(port) as second,
        Client.connect(port) as third,
    ):
        waiting = [asyncio.ensure_future(one.mail(b"x" * 60_000, check)) for one in (first, second)]
        await asyncio.sleep(0.2)
        assert await third.mail(b"x" * 30_000, check) == reception.NO_ROOM
        intake.gate.set()
        for reply in await asyncio.gather(*waiting):
            assert reply.startswith("250")
        assert (await third.mail(b"x" * 30_000, check)).startswith("250")


async def test_waiting_for_storage_does_not_count_as_idle() -> None:
    intake = FakeIntake()
    intake.gate = asyncio.Event()
    check = intake.add()
    async with (
        listening(intake, idle_timeout=0.05, data_timeout=0.05) as (_, port),
        Client.connect(port) as client,
    ):
        asyncio.get_running_loop().call_later(0.15, intake.gate.set)
        assert (await client.mail(MAIL, check)).startswith("250")


IDENTIFIED = b"Message-ID: <1@nas>\r\n" + MAIL


async def test_an_answer_was_heard_when_the_client_says_quit() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.mail(IDENTIFIED, check)).startswith("250")
        assert intake.receipts == []
        assert (await client.send("QUIT")).startswith("221")
        assert await client.reply() == ""
    assert intake.receipts == [Receipt(check.id, intake.reports[0].token)]


async def test_an_answer_was_heard_when_the_client_sends_the_content_of_another_message() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        await client.mail(IDENTIFIED, check)
        for command in ("MAIL FROM:<>", f"RCPT TO:<{address(check)}>", "DATA"):
            await client.send(command)
        assert intake.receipts == []
        client.write(b".\r\n")
        assert (await client.reply()).startswith("250")
        assert len(intake.receipts) == 1


async def test_an_answer_was_not_heard_when_the_connection_ends_without_quit() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (listener, port):
        async with Client.connect(port) as client:
            await client.mail(IDENTIFIED, check)
        while len(listener._connections):
            await asyncio.sleep(0.01)
    assert intake.receipts == []


async def test_an_error_is_no_answer_to_be_heard() -> None:
    intake = FakeIntake()
    check = intake.add()
    intake.record_error = Unavailable("away")
    async with listening(intake) as (_, port), Client.connect(port) as client:
        assert (await client.mail(IDENTIFIED, check)).startswith("451")
        await client.send("QUIT")
        assert await client.reply() == ""
    assert intake.receipts == []
