from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from hypothesis import given
from hypothesis import strategies as st

from hcserver.config.schema import EmailSettings
from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.email import Email
from tests.hcserver.notify.alert_messages import alert_message, check, ping
from tests.hcserver.receivers import SmtpReceiver, making_tools, smtp_receiver

EMAIL = Email()
TO = "ops@example.org"


@pytest.fixture
async def mail() -> AsyncIterator[SmtpReceiver]:
    async with smtp_receiver() as receiver:
        yield receiver


def to(receiver: SmtpReceiver, **settings: Any) -> EmailSettings:
    given: dict[str, Any] = {"host": "127.0.0.1", "port": receiver.port, "security": "none", "timeout": 5.0}
    return EmailSettings(sender="Monitor <hc@monitor.test>", **given | settings)


async def told(receiver: SmtpReceiver, told: AlertMessage, **settings: Any) -> EmailMessage:
    async with making_tools(to(receiver, **settings)) as context:
        assert await EMAIL.send(TO, told, context) == Receipt(status=250)
    parsed = message_from_bytes(receiver.messages[-1].content, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


async def refused(receiver: SmtpReceiver, **settings: Any) -> DeliveryError:
    async with making_tools(to(receiver, **settings)) as context:
        with pytest.raises(DeliveryError) as caught:
            await EMAIL.send(TO, alert_message(), context)
    return caught.value


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content


async def test_a_message_has_all_that_is_to_be_said_in_both_parts(mail: SmtpReceiver) -> None:
    message = await told(mail, alert_message(last_ping=ping(body=b"disk <b>full</b>")))
    assert message["Subject"] == "DOWN: Nightly backup"
    assert message["From"] == "Monitor <hc@monitor.test>"
    assert message["To"] == TO
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == alert_message().now
    for kind in ("plain", "html"):
        text = part(message, kind)
        for said in (
            "failed with exit status 3",
            "Servers",
            "prod db",
            "2026-03-01 11:59:55 UTC",
            "192.0.2.7",
        ):
            assert said in text, (kind, said)
        assert f"https://hc.example.org/api/v3/checks/{alert_message().check.id}" in text
    assert "disk <b>full</b>" in part(message, "plain")
    assert "disk &lt;b&gt;full&lt;/b&gt;" in part(message, "html")


async def test_the_envelope_has_the_sender_or_where_bounces_go(mail: SmtpReceiver) -> None:
    await told(mail, alert_message())
    await told(mail, alert_message(bounce="bounce+x@hc.test"))
    assert [message.sender for message in mail.messages] == ["hc@monitor.test", "bounce+x@hc.test"]
    assert [message.recipients for message in mail.messages] == [[TO], [TO]]


async def test_each_attempt_has_the_same_message_id(mail: SmtpReceiver) -> None:
    ids = {(await told(mail, alert_message()))["Message-ID"] for _ in range(2)}
    assert ids == {f"<{alert_message().id}@monitor.test>"}


@pytest.mark.parametrize(
    "name", ["ä € 😀", "x" * 100, "a\r\nBcc: evil@example.org\r\n\r\nbody", "\0\x1b[31m", ""]
)
async def test_a_name_from_outside_stays_in_the_subject(mail: SmtpReceiver, name: str) -> None:
    message = await told(mail, alert_message(check=check(name=name, slug="")))
    shown = " ".join(name.replace("\0", " ").replace("\x1b", " ").split())
    assert message["Subject"] == f"DOWN: {shown or 'a check without a name'}"
    assert message["Bcc"] is None
    assert mail.messages[0].recipients == [TO]


async def test_a_line_of_any_length_and_a_dot_arrive(mail: SmtpReceiver) -> None:
    message = await told(mail, alert_message(last_ping=ping(body=b"y" * 5000 + b"\n.\n")))
    assert "y" * 999 in part(message, "plain")
    message = await told(mail, alert_message(last_ping=ping(body="ü\n.\n.\nend".encode())))
    assert "ü\n.\n.\nend" in part(message, "plain").replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("code", "transient"), [(450, True), (421, True), (452, True), (550, False), (554, False)]
)
async def test_the_reply_to_the_recipient_decides(mail: SmtpReceiver, code: int, transient: bool) -> None:
    mail.reply = f"{code} 5.1.1 no such user"
    failed = await refused(mail)
    assert (failed.transient, failed.status) == (transient, code)
    assert "no such user" in str(failed)


@pytest.mark.parametrize(("code", "transient"), [(451, True), (552, False)])
async def test_the_reply_to_the_message_decides(mail: SmtpReceiver, code: int, transient: bool) -> None:
    mail.after_data = f"{code} not this one"
    failed = await refused(mail)
    assert (failed.transient, failed.status) == (transient, code)


async def test_nobody_listening_is_a_transient_failure(mail: SmtpReceiver, unused_port: int) -> None:
    failed = await refused(mail, port=unused_port)
    assert (failed.transient, failed.status) == (True, None)


async def test_a_server_that_says_nothing_is_a_transient_failure(mail: SmtpReceiver) -> None:
    mail.pause = asyncio.Event()
    failed = await refused(mail, timeout=0.1)
    assert (str(failed), failed.transient) == ("mail server: it did not answer", True)


async def test_without_a_mail_server_the_failure_names_the_setting(mail: SmtpReceiver) -> None:
    failed = await refused(mail, host="")
    assert (str(failed), failed.transient) == ("there is no mail server: see the setting email.host", False)


async def test_a_stored_target_that_does_not_fit_fails_for_good(mail: SmtpReceiver) -> None:
    async with making_tools(to(mail)) as context:
        for stored in ("nobody", "a\r\n@b", "ü@example.org"):
            with pytest.raises(DeliveryError, match="is no email address") as caught:
                await EMAIL.send(stored, alert_message(), context)
            assert caught.value.transient is False


async def test_a_message_can_be_cancelled_at_once(mail: SmtpReceiver) -> None:
    mail.pause = asyncio.Event()
    async with making_tools(to(mail)) as context:
        task = asyncio.create_task(EMAIL.send(TO, alert_message(), context))
        while not mail.connections:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_many_messages_share_few_sessions(mail: SmtpReceiver) -> None:
    async with making_tools(to(mail)) as context:
        await asyncio.gather(*(EMAIL.send(TO, alert_message(), context) for _ in range(100)))
    assert len(mail.messages) == 100
    assert mail.connections <= 10


async def test_a_session_that_the_server_has_closed_is_replaced(mail: SmtpReceiver) -> None:
    async with making_tools(to(mail)) as context:
        await EMAIL.send(TO, alert_message(), context)
        mail.hang_up()
        await EMAIL.send(TO, alert_message(), context)
    assert (len(mail.messages), mail.connections) == (2, 2)


async def test_a_session_is_not_kept_for_long(mail: SmtpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcserver.notify.mailer._IDLE_SECONDS", 0)
    async with making_tools(to(mail)) as context:
        await EMAIL.send(TO, alert_message(), context)
        for _ in range(3):
            await asyncio.sleep(0)
        await EMAIL.send(TO, alert_message(), context)
    assert mail.connections == 2


@pytest.fixture
def trusting(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server shows, and clients of this test trust it."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(*certificate)
    context = ssl.create_default_context(cafile=certificate[0])
    context.check_hostname = False  # the mail server is at an address here
    monkeypatch.setattr("hcserver.notify.mailer._tls", lambda: context)
    return serving


def password(server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"hc", b"secret"), handled=False)


async def test_login_after_starttls(trusting: ssl.SSLContext) -> None:
    options = {"tls_context": trusting, "require_starttls": True, "auth_required": True}
    async with smtp_receiver(authenticator=password, **options) as mail:
        login = {"security": "starttls", "username": "hc"}
        await told(mail, alert_message(), password="secret", **login)
        assert mail.messages[0].session.ssl is not None
        failed = await refused(mail, password="PASSWORD", **login)
        # Nothing is wrong with the recipient; somebody will put the password right.
        assert (failed.transient, failed.status) == (True, 535)
        assert "PASSWORD" not in str(failed)


async def test_tls_from_the_first_byte_on(trusting: ssl.SSLContext) -> None:
    async with smtp_receiver(listening_tls=trusting) as mail:
        await told(mail, alert_message(), security="tls")


async def test_no_mail_goes_without_tls_where_it_is_asked_for(mail: SmtpReceiver) -> None:
    assert (await refused(mail, security="starttls")).transient is True
    assert mail.messages == []


async def test_a_certificate_that_nobody_knows_is_not_trusted(certificate: tuple[Path, Path]) -> None:
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(*certificate)
    async with smtp_receiver(tls_context=serving) as mail:
        failed = await refused(mail, security="starttls")
        assert failed.transient is True
        assert mail.messages == []


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (" ops@example.org\n", "ops@example.org"),
        ("O'Neil+x@Example.ORG", "O'Neil+x@example.org"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address_is_stored_with_its_domain_as_the_dns_knows_it(given: str, stored: str) -> None:
    assert EMAIL.normalise(given) == stored


@pytest.mark.parametrize(
    "given",
    [
        *("", "ops", "@example.org", "ops@", "a b@example.org", "a@b@c", "a@b..c", "a@-b", "a@b,c@d"),
        *("Ops <ops@example.org>", "a\r\nRCPT TO:<x@y>@example.org", "a@example.org>", "ü@example.org"),
        *("x" * 65 + "@example.org", "a@" + "x" * 64, "a@" + "x." * 130 + "x", ".a@b", "a..b@c", "a@\ud800"),
    ],
)
def test_what_is_no_address_is_refused_with_what_would_be(given: str) -> None:
    with pytest.raises(InvalidRequest, match=r': expected an email address such as "ops@example\.org"'):
        EMAIL.normalise(given)


@given(st.text() | st.emails() | st.text().map("a@".__add__))
def test_no_target_raises_anything_else(text: str) -> None:
    EMAIL.masked(text)
    try:
        stored = EMAIL.normalise(text)
    except InvalidRequest:
        return
    assert stored.isascii()
    assert EMAIL.normalise(stored) == stored


def test_what_others_see_of_an_address_is_its_first_letter_and_its_domain() -> None:
    assert EMAIL.masked("ops@example.org") == "o****@example.org"
