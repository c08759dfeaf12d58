from __future__ import annotations

import asyncio
import ssl
import time

import pytest

from hcserver.errors import Unavailable
from smtp import limits, session
from tests.smtp.fakes import (
    MAIL,
    Client,
    FakeIntake,
    address,
    listening,
)


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_storage_trouble_asks_the_sender_to_try_again() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        intake.record_error = Unavailable("secret.internal:27017 refused")
        assert await client.mail(MAIL, check) == session.TROUBLE
        intake.record_error = None
        intake.error = Unavailable("away")
        await client.send("MAIL FROM:<a@b.c>")
        assert await client.send(f"RCPT TO:<{address(check)}>") == session.TROUBLE
        intake.error = None
        assert (await client.mail(MAIL, check)).startswith("250")
    assert len(intake.reports) == 1


async def test_a_fault_of_our_own_is_answered_with_a_temporary_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        intake.record_error = RuntimeError("a bug")
        assert await client.mail(MAIL, check) == session.TROUBLE
        intake.record_error = None
        assert (await client.mail(MAIL, check)).startswith("250")
    assert "a bug" in caplog.text


async def test_a_half_closing_client_gets_all_of_its_replies() -> None:
    intake = FakeIntake()
    intake.gate = asyncio.Event()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port, greet=False) as client:
        client.write("EHLO me\r\nMAIL FROM:<a@b>\r\n")
        client.write(f"RCPT TO:<{address(check)}>\r\nDATA\r\n".encode() + MAIL + b".\r\nQUIT\r\n")
        client.writer.write_eof()
        await intake.recording.wait()
        intake.gate.set()
        replies = [(await client.reply())[:3] for _ in range(8)]
    assert replies == ["220", "250", "250", "250", "354", "250", "221", ""]
    assert intake.reports[0].body == MAIL


async def test_a_connection_with_nothing_but_errors_is_closed() -> None:
    async with listening(FakeIntake()) as (_, port), Client.connect(port) as client:
        for _ in range(limits.MAX_ERRORS + 1):
            await client.send("NONSENSE")
        assert await client.reply() == limits.TOO_MANY_ERRORS
        assert await client.reply() == ""


async def test_an_idle_connection_is_closed() -> None:
    async with listening(FakeIntake(), idle_timeout=0.05) as (_, port), Client.connect(port) as client:
        assert await client.reply() == session.TIMED_OUT
        assert await client.reply() == ""


async def test_a_connection_on_which_a_command_or_a_message_arrives_too_slowly_is_closed() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake, idle_timeout=0.05, data_timeout=0.05) as (_, port):
        for in_data in (False, True):
            async with Client.connect(port) as client:
                if in_data:
                    client.write(f"MAIL FROM:<>\r\nRCPT TO:<{address(check)}>\r\nDATA\r\n")
                    assert [(await client.reply())[:3] for _ in range(3)] == ["250", "250", "354"]
                reply = asyncio.create_task(client.reply())
                while not reply.done():
                    client.write("x")
                    await asyncio.sleep(0.01)
                assert await reply == session.TIMED_OUT
    assert intake.reports == []


async def test_a_slow_client_does_not_hold_up_others() -> None:
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as slow, Client.connect(port) as quick:
        slow.write("MAIL FR")
        assert (await quick.mail(MAIL, check)).startswith("250")
        assert (await slow.send("OM:<a@b>")).startswith("250")


async def test_a_flood_of_commands_does_not_hold_up_other_connections() -> None:
    async with listening(FakeIntake()) as (_, port), Client.connect(port) as client:
        client.write("NOOP\r\n" * 20_000)
        longest = 0.0
        for _ in range(20):
            before = time.thread_time()  # whatever else the machine does
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
        assert longest < 0.1  # all of it takes some 400 ms


async def test_starttls(certificate: tuple[str, str]) -> None:
    intake = FakeIntake()
    check = intake.add()
    tls = {"tls_cert": certificate[0], "tls_key": certificate[1], "require_tls": True}
    async with listening(intake, **tls) as (_, port), Client.connect(port) as client:
        assert "STARTTLS" in await client.send("EHLO me")
        assert (await client.send("MAIL FROM:<a@b>")).startswith("530")
        # Commands sent ahead of the handshake must not count as sent in it (RFC 3207 section 6).
        client.write("STARTTLS\r\nEHLO smuggled\r\n")
        assert (await client.reply()).startswith("220")
        await client.writer.start_tls(client_context())
        assert (await client.send("MAIL FROM:<a@b>")).startswith("503")
        assert "STARTTLS" not in await client.send("EHLO me")
        assert (await client.send("STARTTLS")).startswith("503")
        assert (await client.mail(b"Message-ID: <1@nas>\r\n" + MAIL, check)).startswith("250")
        await client.send("QUIT")
        assert await client.reply() == ""
    assert [receipt.token for receipt in intake.receipts] == [report.token for report in intake.reports]


async def test_a_failed_handshake_ends_the_connection_and_frees_its_place(
    certificate: tuple[str, str],
) -> None:
    tls = {"tls_cert": certificate[0], "tls_key": certificate[1], "max_connections": 1}
    async with listening(FakeIntake(), **tls) as (_, port):
        async with Client.connect(port) as client:
            await client.send("STARTTLS")
            client.write("this is no handshake\r\n")
            while await client.reader.read(100):
                pass
        async with Client.connect(port):
            pass


@pytest.mark.parametrize("began", [b"", b"\x16\x03\x01"])
async def test_a_handshake_that_never_ends_times_out_and_does_not_delay_the_stop(
    certificate: tuple[str, str], began: bytes
) -> None:
    tls = {"tls_cert": certificate[0], "tls_key": certificate[1], "max_connections": 1, "idle_timeout": 1.0}
    async with listening(FakeIntake(), **tls) as (_, port):
        async with Client.connect(port) as client:
            await client.send("STARTTLS")
            client.writer.write(began)
            assert await client.reader.read(100) == b""
        async with Client.connect(port) as client:
            await client.send("STARTTLS")
            client.writer.write(began)


async def test_a_session_without_a_message_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_COMMANDS", 10)
    intake = FakeIntake()
    check = intake.add()
    async with listening(intake) as (_, port), Client.connect(port) as client:
        for _ in range(2):  # a message renews the limit
            for _ in range(6):
                assert (await client.send("NOOP")).startswith("250")
            assert (await client.mail(MAIL, check)).startswith("250")
        client.write("NOOP\r\n" * 20)
        replies = [await client.reply() for _ in range(13)]
        assert replies[-2:] == [limits.TOO_MANY_COMMANDS, ""]
    monkeypatch.setattr(limits, "MAX_TIME", -1.0)
    async with listening(intake) as (_, port), Client.connect(port, greet=False) as client:
        assert (await client.reply()).startswith("220")
        assert await client.reply() == limits.TOO_LONG
        assert await client.reply() == ""
