from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from tests.hcserver.notify.alert_messages import alert_message
from tests.hcserver.notify.mail_setup import EMAIL, TO, refused, sent, to
from tests.hcserver.receivers import SmtpReceiver, making_send_context, smtp_receiver


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


async def test_a_message_can_be_cancelled_at_once(mail: SmtpReceiver) -> None:
    mail.pause = asyncio.Event()
    async with making_send_context(to(mail)) as context:
        task = asyncio.create_task(EMAIL.send(TO, alert_message(), context))
        while not mail.connections:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_many_messages_share_few_sessions(mail: SmtpReceiver) -> None:
    async with making_send_context(to(mail)) as context:
        await asyncio.gather(*(EMAIL.send(TO, alert_message(), context) for _ in range(100)))
    assert len(mail.messages) == 100
    assert mail.connections <= 10


async def test_a_session_that_the_server_has_closed_is_replaced(mail: SmtpReceiver) -> None:
    async with making_send_context(to(mail)) as context:
        await EMAIL.send(TO, alert_message(), context)
        mail.hang_up()
        await EMAIL.send(TO, alert_message(), context)
    assert (len(mail.messages), mail.connections) == (2, 2)


async def test_a_session_is_not_kept_for_long(mail: SmtpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcserver.notify.mailer._IDLE_SECONDS", 0)
    async with making_send_context(to(mail)) as context:
        await EMAIL.send(TO, alert_message(), context)
        for _ in range(3):
            await asyncio.sleep(0)
        await EMAIL.send(TO, alert_message(), context)
    assert mail.connections == 2


def password(server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"hc", b"secret"), handled=False)


async def test_login_after_starttls(trusting: ssl.SSLContext) -> None:
    options = {"tls_context": trusting, "require_starttls": True, "auth_required": True}
    async with smtp_receiver(authenticator=password, **options) as mail:
        login = {"security": "starttls", "username": "hc"}
        await sent(mail, alert_message(), password="secret", **login)
        assert mail.messages[0].session.ssl is not None
        failed = await refused(mail, password="PASSWORD", **login)
        # Nothing is wrong with the recipient; somebody will put the password right.
        assert (failed.transient, failed.status) == (True, 535)
        assert "PASSWORD" not in str(failed)


async def test_tls_from_the_first_byte_on(trusting: ssl.SSLContext) -> None:
    async with smtp_receiver(listening_tls=trusting) as mail:
        await sent(mail, alert_message(), security="tls")


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
