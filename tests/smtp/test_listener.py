from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from hcserver.domain.keywords import Reason
from hcserver.errors import ConfigError, Unavailable
from smtp import listener as listener_module
from smtp import session
from smtp.listener import Listener
from smtp.tls import Certificate
from tests.smtp.fakes import DOMAIN, NOW, Client, FakeCore, address, listening, settings

MAIL = b"Subject: Backup OK\r\n\r\nAll is well.\r\n"


async def test_a_mail_to_a_check_is_a_ping() -> None:
    core = FakeCore()
    check = core.add(filter_subject=True, success_kw="OK")
    async with listening(core) as (_, port), Client.connect(port) as client:
        assert await client.mail(MAIL, check) == "250 2.0.0 OK, recorded"
    (report,) = core.reports
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
    core = FakeCore()
    check = core.add(slug="nightly", ping_key="abc123")
    async with listening(core) as (_, port), Client.connect(port) as client:
        assert (await client.mail(MAIL, address(check).upper())).startswith("250")
        assert (await client.mail(MAIL, f"ABC123+Nightly@{DOMAIN.upper()}")).startswith("250")
    assert [report.check for report in core.reports] == [check.id] * 2


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
async def test_what_is_not_served_is_refused_at_rcpt_and_the_session_goes_on(
    recipient: str, reply: str
) -> None:
    core = FakeCore()
    check = core.add()
    core.add(slug="twice")
    core.add(slug="twice")
    async with listening(core) as (_, port), Client.connect(port) as client:
        await client.send("MAIL FROM:<a@b.c>")
        assert await client.send(f"RCPT TO:<{recipient}>") == reply
        assert (await client.send("DATA")).startswith("503")
        assert (await client.mail(MAIL, check)).startswith("250")
    assert len(core.reports) == 1


async def test_storage_trouble_asks_the_sender_to_try_again() -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as client:
        core.record_error = Unavailable("secret.internal:27017 refused")
        assert await client.mail(MAIL, check) == session.TROUBLE
        core.record_error = None
        core.error = Unavailable("away")
        await client.send("MAIL FROM:<a@b.c>")
        assert await client.send(f"RCPT TO:<{address(check)}>") == session.TROUBLE
        core.error = None
        assert (await client.mail(MAIL, check)).startswith("250")
    assert len(core.reports) == 1


async def test_an_error_of_our_own_is_no_permanent_one(caplog: pytest.LogCaptureFixture) -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as client:
        core.record_error = RuntimeError("a bug")
        assert await client.mail(MAIL, check) == session.TROUBLE
        core.record_error = None
        assert (await client.mail(MAIL, check)).startswith("250")
    assert "a bug" in caplog.text


async def test_a_retry_of_a_message_with_an_id_is_recorded_once_for_each_check() -> None:
    core = FakeCore()
    first, second = core.add(), core.add()
    raw = b"Message-ID: <1@nas>\r\nDate: today\r\n" + MAIL
    async with listening(core) as (_, port), Client.connect(port) as client:
        await client.mail(raw, first)
        await client.mail(b"Received: from a relay\r\n" + raw, first, second)
        await client.mail(raw.replace(b"well", b"ill"), first)
        await client.mail(raw.replace(b"today", b"tomorrow"), first)
    assert [report.check for report in core.reports] == [first.id, second.id, first.id, first.id]
    assert all(len(report.token) == 12 for report in core.reports)


async def test_all_recipients_are_recorded_in_one_go() -> None:
    core = FakeCore()
    checks = [core.add(filter_body=True, failure_kw=word) for word in ("well", "ill", "broken")]
    async with listening(core) as (_, port), Client.connect(port) as client:
        assert (await client.mail(MAIL, *checks)).startswith("250")
    assert [report.signal for report in core.reports] == ["fail", "ign", "ign"]


async def test_a_check_named_twice_is_pinged_once() -> None:
    core = FakeCore()
    check = core.add(slug="nightly")
    async with listening(core) as (_, port), Client.connect(port) as client:
        assert (await client.mail(MAIL, check, check, f"key+nightly@{DOMAIN}")).startswith("250")
    assert len(core.reports) == 1


async def test_the_null_sender_and_odd_senders_are_taken() -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as client:
        for sender in ("", "a\udcffb\0c@d", "x" * 300 + "@d", "jürgen@d", '"a>b"@d'):
            assert (await client.mail(MAIL, check, sender=sender)).startswith("250")
        assert (await client.send("MAIL FROM:bare@d")).startswith("250")
    uas = [report.ua for report in core.reports]
    assert uas[0] == "Email from <>"
    assert core.reports[0].sender == ""
    assert uas[1] == "Email from a\ufffdb\ufffdc@d"
    assert len(uas[2]) == 200
    assert uas[3:] == ["Email from jürgen@d", 'Email from "a>b"@d']


async def test_the_body_is_kept_byte_for_byte_without_the_doubled_dots() -> None:
    core = FakeCore()
    check = core.add()
    raw = b"A: b\r\n\r\n.\r..dots\r\n.\n.\n\0\xff bare\n\r\r\n..two\r\n\r\n"
    async with listening(core) as (_, port), Client.connect(port) as client:
        assert (await client.mail(raw, check)).startswith("250")
    assert core.reports[0].body == raw + b"\r\n"


async def test_an_empty_message_is_a_ping_without_a_body() -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as client:
        for command in ("MAIL FROM:<>", f"RCPT TO:<{address(check)}>", "DATA"):
            await client.send(command)
        assert (await client.send(".")).startswith("250")
    assert core.reports[0].body is None


async def test_a_body_over_the_limit_is_cut() -> None:
    core = FakeCore()
    core.body_limit = 10
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as client:
        await client.mail(MAIL, check)
    assert core.reports[0].body == MAIL[:10]


async def test_a_message_over_the_size_limit_is_refused_at_mail_and_behind_data() -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core, max_message_bytes=65536) as (_, port), Client.connect(port) as client:
        assert await client.send("MAIL FROM:<a@b> SIZE=65537") == session.TOO_LARGE
        assert (await client.send("MAIL FROM:<a@b> SIZE=65536 BODY=8BITMIME SMTPUTF8")).startswith("250")
        assert await client.mail(b"x" * 65536, check) == session.TOO_LARGE
        assert (await client.mail(b"x" * 65534, check)).startswith("250")
    assert len(core.reports) == 1


async def test_a_line_may_be_as_long_as_a_message() -> None:
    core = FakeCore()
    check = core.add()
    raw = b"Subject: " + b"s" * 300_000 + b"\r\n\r\n" + b"y" * 600_000
    async with listening(core) as (_, port), Client.connect(port) as client:
        assert (await client.mail(raw, check)).startswith("250")
    assert core.reports[0].body == raw + b"\r\n"
    assert core.reports[0].subject == "s" * 1000


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
    core = FakeCore()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as client:
        assert (await client.send(command)).startswith(reply)
        assert (await client.mail(MAIL, check)).startswith("250")


async def test_mail_is_not_taken_before_a_greeting() -> None:
    async with listening(FakeCore()) as (_, port), Client.connect(port, greet=False) as client:
        await client.reply()
        assert (await client.send("MAIL FROM:<a@b>")).startswith("503")
        assert (await client.send("HELO tester")).startswith("250")
        assert (await client.send("MAIL FROM:<a@b>")).startswith("250")


async def test_the_extensions_are_announced() -> None:
    async with listening(FakeCore()) as (_, port), Client.connect(port) as client:
        reply = await client.send("EHLO tester")
    assert [line[4:].strip() for line in reply.splitlines()] == [
        DOMAIN,
        "SIZE 10000000",
        "8BITMIME",
        "SMTPUTF8",
        "PIPELINING",
    ]


async def test_a_second_message_can_be_begun_until_a_recipient_was_taken() -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as client:
        assert (await client.send("MAIL FROM:<a@b>")).startswith("250")
        assert (await client.send("RCPT TO:<nobody@b>")).startswith("550")
        assert (await client.send("MAIL FROM:<c@d>")).startswith("250")
        assert (await client.send(f"RCPT TO:<{address(check)}>")).startswith("250")
        assert (await client.send("MAIL FROM:<e@f>")).startswith("503")


async def test_a_half_closing_client_gets_all_of_its_replies() -> None:
    core = FakeCore()
    core.gate = asyncio.Event()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port, greet=False) as client:
        client.write("EHLO me\r\nMAIL FROM:<a@b>\r\n")
        client.write(f"RCPT TO:<{address(check)}>\r\nDATA\r\n".encode() + MAIL + b".\r\nQUIT\r\n")
        client.writer.write_eof()
        await core.recording.wait()
        core.gate.set()
        replies = [(await client.reply())[:3] for _ in range(8)]
    assert replies == ["220", "250", "250", "250", "354", "250", "221", ""]
    assert core.reports[0].body == MAIL


async def test_nothing_is_recorded_of_a_message_that_breaks_off() -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as client:
        for command in ("MAIL FROM:<>", f"RCPT TO:<{address(check)}>", "DATA"):
            await client.send(command)
        client.write(MAIL + b".\r")
        client.writer.write_eof()
        assert await client.reply() == ""
    assert core.reports == []


async def test_more_recipients_than_allowed_are_put_off() -> None:
    core = FakeCore()
    checks = [core.add() for _ in range(3)]
    async with listening(core, max_recipients=2) as (_, port), Client.connect(port) as client:
        await client.send("MAIL FROM:<>")
        replies = [await client.send(f"RCPT TO:<{address(check)}>") for check in checks]
        assert [reply[:3] for reply in replies] == ["250", "250", "452"]


async def test_a_client_that_only_makes_errors_is_sent_away() -> None:
    async with listening(FakeCore()) as (_, port), Client.connect(port) as client:
        for _ in range(session.MAX_ERRORS + 1):
            await client.send("NONSENSE")
        assert await client.reply() == session.TOO_MANY_ERRORS
        assert await client.reply() == ""


async def test_connections_are_limited_in_all_and_per_address() -> None:
    core = FakeCore()
    for limits in ({"max_connections": 2}, {"max_connections_per_address": 2}):
        async with (
            listening(core, **limits) as (_, port),
            Client.connect(port),
            Client.connect(port) as second,
        ):
            async with Client.connect(port, greet=False) as third:
                assert await third.reply() == session.BUSY
                assert await third.reply() == ""
            await second.send("QUIT")
            assert await second.reply() == ""
            async with Client.connect(port):
                pass


async def test_an_idle_client_is_sent_away() -> None:
    async with listening(FakeCore(), idle_timeout=0.05) as (_, port), Client.connect(port) as client:
        assert await client.reply() == session.TIMED_OUT
        assert await client.reply() == ""


async def test_a_client_that_dribbles_a_command_or_a_message_is_sent_away() -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core, idle_timeout=0.05, data_timeout=0.05) as (_, port):
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
    assert core.reports == []


async def test_a_slow_client_does_not_hold_up_others() -> None:
    core = FakeCore()
    check = core.add()
    async with listening(core) as (_, port), Client.connect(port) as slow, Client.connect(port) as quick:
        slow.write("MAIL FR")
        assert (await quick.mail(MAIL, check)).startswith("250")
        assert (await slow.send("OM:<a@b>")).startswith("250")


async def test_waiting_for_storage_does_not_count_as_idle() -> None:
    core = FakeCore()
    core.gate = asyncio.Event()
    check = core.add()
    async with (
        listening(core, idle_timeout=0.05, data_timeout=0.05) as (_, port),
        Client.connect(port) as client,
    ):
        asyncio.get_running_loop().call_later(0.15, core.gate.set)
        assert (await client.mail(MAIL, check)).startswith("250")


async def test_a_flood_of_commands_leaves_others_their_turn() -> None:
    async with listening(FakeCore()) as (_, port), Client.connect(port) as client:
        client.write("NOOP\r\n" * 20_000)
        loop = asyncio.get_running_loop()
        longest = 0.0
        for _ in range(20):
            before = loop.time()
            await asyncio.sleep(0)
            longest = max(longest, loop.time() - before)
        assert longest < 0.1  # all of it takes some 400 ms


async def test_stopping_lets_a_message_come_to_its_end() -> None:
    core = FakeCore()
    core.gate = asyncio.Event()
    check = core.add()
    async with (
        listening(core) as (listener, port),
        Client.connect(port) as idle,
        Client.connect(port) as busy,
    ):
        mail = asyncio.create_task(busy.mail(MAIL, check))
        await core.recording.wait()
        stop = asyncio.create_task(listener.stop(5))
        assert await idle.reply() == session.CLOSING
        assert await idle.reply() == ""
        assert not listener.healthy
        core.gate.set()
        assert (await mail).startswith("250")
        assert await busy.reply() == session.CLOSING
        await stop
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_stopping_does_not_wait_for_ever() -> None:
    core = FakeCore()
    core.gate = asyncio.Event()
    check = core.add()
    async with listening(core) as (listener, port), Client.connect(port) as client:
        mail = asyncio.create_task(client.mail(MAIL, check))
        await core.recording.wait()
        await listener.stop(0.01)
        with pytest.raises(ConnectionError):
            assert await mail == ""
            raise ConnectionResetError
    assert core.reports == []


async def test_it_listens_where_the_settings_say_or_tells_why_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = Listener(settings(host="127.0.0.1", port=port), FakeCore())
        with pytest.raises(ConfigError, match=f"smtp.port: can't listen on 127.0.0.1:{port}"):
            await busy.start()
    listener = Listener(settings(host="127.0.0.1", port=port), FakeCore())
    await listener.start()
    assert listener.addresses == [f"127.0.0.1:{port}"]
    assert listener.healthy
    await listener.stop(0)


async def test_port_0_means_no_listener() -> None:
    listener = Listener(settings(), FakeCore())
    await listener.start()
    assert listener.addresses == []
    assert listener.healthy
    await listener.stop(0)


async def test_behind_a_proxy_the_client_is_whom_the_proxy_names() -> None:
    core = FakeCore()
    check = core.add()
    v2 = b"\r\n\r\n\x00\r\nQUIT\n"
    headers = {
        b"PROXY TCP4 192.0.2.7 127.0.0.1 4000 25\r\n": "192.0.2.7",
        b"PROXY TCP6 2001:db8::7 ::1 4000 25\r\n": "2001:db8::7",
        b"PROXY UNKNOWN\r\n": "127.0.0.1",
        v2 + b"\x21\x11\x00\x0c\xc0\x00\x02\x08\x7f\x00\x00\x01\x0f\xa0\x00\x19": "192.0.2.8",
        v2 + b"\x20\x00\x00\x00": "127.0.0.1",
    }
    async with listening(core, proxy_protocol=True, max_connections_per_address=1) as (_, port):
        for header in headers:
            async with Client.connect(port, greet=False) as client:
                client.write(header)
                assert (await client.reply()).startswith("220")
                await client.send("EHLO me")
                assert (await client.mail(MAIL, check)).startswith("250")
                await client.send("QUIT")
                assert await client.reply() == ""
        for nonsense in (
            b"EHLO me\r\n",
            b"PROXY\r\n",
            b"PROXY TCP4 a b c d\r\n",
            b"\r\n\r\n\0xxxxxxxxx",
            b"PR",
        ):
            async with Client.connect(port, greet=False) as client:
                client.write(nonsense)
                client.writer.write_eof()
                assert await client.reply() == ""
    assert [report.remote_addr for report in core.reports] == list(headers.values())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder: Path = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hc"
    try:
        subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl command to make a certificate with")
    yield cert, key


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_starttls(certificate: tuple[str, str]) -> None:
    core = FakeCore()
    check = core.add()
    tls = {"tls_cert": certificate[0], "tls_key": certificate[1], "require_tls": True}
    async with listening(core, **tls) as (_, port), Client.connect(port) as client:
        assert "STARTTLS" in await client.send("EHLO me")
        assert (await client.send("MAIL FROM:<a@b>")).startswith("530")
        # Commands sent ahead of the handshake must not count as sent in it (RFC 3207 section 6).
        client.write("STARTTLS\r\nEHLO smuggled\r\n")
        assert (await client.reply()).startswith("220")
        await client.writer.start_tls(client_context())
        assert (await client.send("MAIL FROM:<a@b>")).startswith("503")
        assert "STARTTLS" not in await client.send("EHLO me")
        assert (await client.send("STARTTLS")).startswith("503")
        assert (await client.mail(MAIL, check)).startswith("250")
        await client.send("QUIT")
    assert len(core.reports) == 1


async def test_a_failed_handshake_ends_the_connection_and_frees_its_place(
    certificate: tuple[str, str],
) -> None:
    tls = {"tls_cert": certificate[0], "tls_key": certificate[1], "max_connections": 1}
    async with listening(FakeCore(), **tls) as (_, port):
        async with Client.connect(port) as client:
            await client.send("STARTTLS")
            client.write("this is no handshake\r\n")
            while await client.reader.read(100):
                pass
        async with Client.connect(port):
            pass


@pytest.mark.parametrize("began", [b"", b"\x16\x03\x01"])
async def test_a_handshake_that_never_ends_frees_its_place_and_holds_up_no_stop(
    certificate: tuple[str, str], began: bytes
) -> None:
    tls = {"tls_cert": certificate[0], "tls_key": certificate[1], "max_connections": 1, "idle_timeout": 1.0}
    async with listening(FakeCore(), **tls) as (_, port):
        async with Client.connect(port) as client:
            await client.send("STARTTLS")
            client.writer.write(began)
            assert await client.reader.read(100) == b""
        async with Client.connect(port) as client:
            await client.send("STARTTLS")
            client.writer.write(began)


async def test_messages_beyond_the_memory_for_them_are_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "MEMORY", 0)
    core = FakeCore()
    check = core.add()
    core.gate = asyncio.Event()
    async with (
        listening(core, max_message_bytes=65_536) as (_, port),
        Client.connect(port) as first,
        Client.connect(port) as second,
        Client.connect(port) as third,
    ):
        waiting = [asyncio.ensure_future(one.mail(b"x" * 60_000, check)) for one in (first, second)]
        await asyncio.sleep(0.2)
        assert await third.mail(b"x" * 30_000, check) == session.NO_ROOM
        core.gate.set()
        for reply in await asyncio.gather(*waiting):
            assert reply.startswith("250")
        assert (await third.mail(b"x" * 30_000, check)).startswith("250")


def test_a_renewed_certificate_is_taken_up_and_a_broken_one_is_not(
    certificate: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both = tmp_path / "both.pem"
    both.write_text("".join(Path(path).read_text() for path in certificate))
    renewed = Certificate(str(both), "")
    first = renewed.context()
    assert renewed.context() is first
    both.write_text("nonsense")
    assert renewed.context() is first
    assert "can't use the new TLS certificate" in caplog.text
    both.write_text("".join(Path(path).read_text() for path in certificate) + "\n")
    assert renewed.context() is not first


@pytest.mark.parametrize("tls", [{"tls_cert": "/nowhere.pem"}, {"require_tls": True}])
async def test_tls_that_can_not_be_had_stops_the_start(tls: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"smtp\.tls_cert"):
        await Listener(settings(**tls), FakeCore()).start()


async def test_mail_by_smtplib_arrives_as_it_was_sent() -> None:
    core = FakeCore()
    check = core.add(filter_body=True, failure_kw="Größe")
    message = EmailMessage()
    message["Subject"] = "Bericht für Köln"
    message.set_content("Die Größe stimmt nicht.\n.\n..\n", cte="base64")

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.send_message(message, "nas@example.org", [address(check)])

    async with listening(core) as (_, port):
        await asyncio.to_thread(send, port)
    (report,) = core.reports
    assert report.subject == "Bericht für Köln"
    assert report.reason == Reason(signal="fail", keyword="Größe", where="body")
