from __future__ import annotations

import asyncio
import base64
import smtplib

import pytest

from smtp import auth
from tests.smtp.fakes import MAIL, Client, FakeIntake, address, listening

REQUIRED = {"auth": "required", "auth_username": "nas", "auth_password": "secret 1"}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PLAIN = b64("\0nas\0secret 1")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("settings", [REQUIRED, {"auth": "accept-any"}], ids=["required", "accept-any"])
async def test_smtplib_logs_in_and_sends(mechanism: str, settings: dict[str, str]) -> None:
    intake = FakeIntake()
    check = intake.add()
    password = "secret"

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.ehlo()
            server.esmtp_features["auth"] = mechanism
            server.login("nas", password)
            server.sendmail("nas@example.org", [address(check)], MAIL)

    async with listening(intake, **{**settings, "auth_password": password}) as (_, port):
        await asyncio.to_thread(send, port)
    assert len(intake.reports) == 1


async def test_auth_is_offered_only_where_it_is_switched_on() -> None:
    for setting, offered in (("off", False), ("accept-any", True)):
        async with listening(FakeIntake(), auth=setting) as (_, port), Client.connect(port) as client:
            assert ("AUTH PLAIN LOGIN" in await client.send("EHLO me")) is offered


@pytest.mark.parametrize(
    ("lines", "reply"),
    [
        ([f"AUTH PLAIN {PLAIN}"], "235"),
        (["auth plain", PLAIN], "235"),
        (["AUTH LOGIN", b64("nas"), b64("secret 1")], "235"),
        ([f"AUTH LOGIN {b64('nas')}", b64("secret 1")], "235"),
        ([f"AUTH PLAIN {b64(chr(0) + 'nas' + chr(0) + 'wrong')}"], "535"),
        ([f"AUTH PLAIN {b64(chr(0) + 'root' + chr(0) + 'secret 1')}"], "535"),
        (["AUTH LOGIN =", "="], "535"),
        (["AUTH LOGIN", b64("nas"), b64("")], "535"),
        (["AUTH PLAIN", "*"], "501"),
        (["AUTH LOGIN", b64("nas"), "*"], "501"),
        (["AUTH PLAIN not-base64!"], "501"),
        ([f"AUTH PLAIN {b64('nas')}"], "501"),
        (["AUTH PLAIN", "x" * 5000], "500"),
        (["AUTH PLAIN \udcff"], "501"),
        (["AUTH CRAM-MD5"], "504"),
        (["AUTH"], "504"),
    ],
)
async def test_every_attempt_to_log_in_has_its_answer(lines: list[str], reply: str) -> None:
    async with listening(FakeIntake(), **REQUIRED) as (_, port), Client.connect(port) as client:
        for line in lines:
            answer = await client.send(line)
        assert answer.startswith(reply)
        allowed = "250" if reply == "235" else "530"
        assert (await client.send("MAIL FROM:<a@b> AUTH=<>")).startswith(allowed)


async def test_one_logs_in_once_after_ehlo_and_before_mail() -> None:
    async with listening(FakeIntake(), **REQUIRED) as (_, port), Client.connect(port, greet=False) as client:
        await client.reply()
        assert (await client.send(f"AUTH PLAIN {PLAIN}")).startswith("503")
        await client.send("EHLO me")
        assert (await client.send(f"AUTH PLAIN {PLAIN}")).startswith("235")
        assert (await client.send(f"AUTH PLAIN {PLAIN}")).startswith("503")
        assert "AUTH" not in await client.send("EHLO me")


async def test_a_connection_with_several_failed_logins_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with listening(FakeIntake(), **REQUIRED) as (_, port), Client.connect(port) as client:
        for _ in range(auth.MAX_FAILURES):
            assert (await client.send(f"AUTH PLAIN {b64(chr(0) + 'nas' + chr(0) + 'guess')}")).startswith(
                "535"
            )
        assert (await client.reply()).startswith("421")
        assert await client.reply() == ""
    assert "refused a login from 127.0.0.1" in caplog.text
    assert "guess" not in caplog.text


async def test_credentials_are_not_taken_without_tls_where_tls_is_required(
    certificate: tuple[str, str],
) -> None:
    tls = {"tls_cert": certificate[0], "tls_key": certificate[1], "require_tls": True}
    async with listening(FakeIntake(), **REQUIRED, **tls) as (_, port), Client.connect(port) as client:
        assert "AUTH" not in await client.send("EHLO me")
        assert (await client.send(f"AUTH PLAIN {PLAIN}")).startswith("530")
