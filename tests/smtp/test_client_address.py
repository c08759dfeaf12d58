from __future__ import annotations

import pytest

from smtp.client_address import plain_address
from tests.smtp.fakes import MAIL, Client, FakeIntake, listening


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("/run/socket", ""),
    ],
)
def test_an_address_is_given_in_its_usual_form(address: str, plain: str) -> None:
    assert plain_address(address) == plain


async def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_gives() -> None:
    intake = FakeIntake()
    check = intake.add()
    v2 = b"\r\n\r\n\x00\r\nQUIT\n"
    headers = {
        b"PROXY TCP4 192.0.2.7 127.0.0.1 4000 25\r\n": "192.0.2.7",
        b"PROXY TCP6 2001:db8::7 ::1 4000 25\r\n": "2001:db8::7",
        b"PROXY UNKNOWN\r\n": "127.0.0.1",
        v2 + b"\x21\x11\x00\x0c\xc0\x00\x02\x08\x7f\x00\x00\x01\x0f\xa0\x00\x19": "192.0.2.8",
        v2 + b"\x20\x00\x00\x00": "127.0.0.1",
    }
    async with listening(intake, proxy_protocol=True, max_connections_per_address=1) as (_, port):
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
    assert [report.remote_addr for report in intake.reports] == list(headers.values())
