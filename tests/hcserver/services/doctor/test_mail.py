from __future__ import annotations

import ssl
from typing import Any

from aiosmtpd.smtp import AuthResult

from hcserver.config.schema import EmailSettings
from hcserver.services.doctor.finding import Finding
from hcserver.services.doctor.mail import examine_mail
from tests.hcserver.notify.mail_setup import to
from tests.hcserver.receivers import smtp_receiver


async def examined(settings: EmailSettings) -> Finding:
    (finding,) = [one async for one in examine_mail(settings)]
    return finding


def password(server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"hc", b"secret"), handled=False)


async def test_without_a_mail_server_nothing_is_wrong() -> None:
    assert (await examined(EmailSettings())).level == "ok"


async def test_a_mail_server_that_takes_the_login_gets_no_message(trusting: ssl.SSLContext) -> None:
    async with smtp_receiver(authenticator=password, tls_context=trusting, require_starttls=True) as mail:
        found = await examined(to(mail, security="starttls", username="hc", password="secret"))
        assert (found.level, found.text) == (
            "ok",
            f"127.0.0.1 {mail.port} takes the connection with STARTTLS and the login as hc",
        )
        assert mail.messages == []


async def test_a_login_that_is_refused_is_an_error(trusting: ssl.SSLContext) -> None:
    async with smtp_receiver(authenticator=password, tls_context=trusting, require_starttls=True) as mail:
        found = await examined(to(mail, security="starttls", username="hc", password="WRONG"))
    assert found.level == "error"
    assert "535" in found.text
    assert "WRONG" not in found.text


async def test_a_mail_server_that_is_away_is_an_error(unused_port: int) -> None:
    found = await examined(EmailSettings(host="127.0.0.1", port=unused_port, security="none"))
    assert (found.level, found.text.startswith(f"127.0.0.1 {unused_port}: mail server:")) == ("error", True)


async def test_a_mail_server_without_the_encryption_that_is_asked_for_is_an_error() -> None:
    async with smtp_receiver() as mail:
        assert (await examined(to(mail, security="starttls"))).level == "error"
