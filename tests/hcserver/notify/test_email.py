from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.domain.identifiers import unique_key
from hcserver.errors import DeliveryError, InvalidRequest
from tests.hcserver.notify.alert_messages import alert_message, check, ping
from tests.hcserver.notify.mail_setup import EMAIL, TO, sent, to
from tests.hcserver.receivers import SmtpReceiver, making_send_context


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content


async def test_a_message_has_all_that_is_to_be_said_in_both_parts(mail: SmtpReceiver) -> None:
    message = await sent(mail, alert_message(last_ping=ping(body=b"disk <b>full</b>")))
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
        assert f"https://hc.example.org/checks/{unique_key(alert_message().check.id)}" in text
    assert "disk <b>full</b>" in part(message, "plain")
    assert "disk &lt;b&gt;full&lt;/b&gt;" in part(message, "html")


async def test_the_envelope_has_the_sender_or_where_bounces_go(mail: SmtpReceiver) -> None:
    await sent(mail, alert_message())
    await sent(mail, alert_message(bounce="bounce+x@hc.test"))
    assert [message.sender for message in mail.messages] == ["hc@monitor.test", "bounce+x@hc.test"]
    assert [message.recipients for message in mail.messages] == [[TO], [TO]]


async def test_each_attempt_has_the_same_message_id(mail: SmtpReceiver) -> None:
    ids = {(await sent(mail, alert_message()))["Message-ID"] for _ in range(2)}
    assert ids == {f"<{alert_message().id}@monitor.test>"}


@pytest.mark.parametrize(
    "name", ["ä € 😀", "x" * 100, "a\r\nBcc: evil@example.org\r\n\r\nbody", "\0\x1b[31m", ""]
)
async def test_a_name_from_outside_stays_in_the_subject(mail: SmtpReceiver, name: str) -> None:
    message = await sent(mail, alert_message(check=check(name=name, slug="")))
    shown = " ".join(name.replace("\0", " ").replace("\x1b", " ").split())
    assert message["Subject"] == f"DOWN: {shown or 'a check without a name'}"
    assert message["Bcc"] is None
    assert mail.messages[0].recipients == [TO]


async def test_a_line_of_any_length_and_a_dot_arrive(mail: SmtpReceiver) -> None:
    message = await sent(mail, alert_message(last_ping=ping(body=b"y" * 5000 + b"\n.\n")))
    assert "y" * 999 in part(message, "plain")
    message = await sent(mail, alert_message(last_ping=ping(body="ü\n.\n.\nend".encode())))
    assert "ü\n.\n.\nend" in part(message, "plain").replace("\r\n", "\n")


async def test_a_stored_target_that_does_not_fit_fails_for_good(mail: SmtpReceiver) -> None:
    async with making_send_context(to(mail)) as context:
        for stored in ("nobody", "a\r\n@b", "ü@example.org"):
            with pytest.raises(DeliveryError, match="the stored target does not fit") as caught:
                await EMAIL.send(stored, alert_message(), context)
            assert caught.value.transient is False


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
