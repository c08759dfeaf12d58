"""Whatever a client says and however it cuts it: sane replies, no trouble of ours, and others are served."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re

import pytest

from tests.smtp.fakes import Client, FakeIntake, address, listening

SESSIONS = 150
REPLY = re.compile(rb"(?:[2-5][0-9][0-9][ -][\x20-\x7e]*\r\n)*")

LINES = rb"""
EHLO x|HELO x|EHLO|MAIL FROM:<a@b>|MAIL FROM:<> SIZE=100|MAIL FROM:<a@b|MAIL FROM:<%\@#>
MAIL FROM:<a@b> SIZE=99999999999999999999|RCPT TO:<nobody@b>|RCPT TO:<>|RCPT TO:<a@b> X=Y|RCPT TO:<"\">@b>
DATA|DATA x|.||..|RSET|NOOP|VRFY <|EXPN #|HELP|HELP DATA|AUTH LOGIN|STARTTLS|STARTTLS now|BDAT 10 LAST|QUIT
Subject: failed||Content-Type: multipart/mixed; boundary=b|--b|# #|%%%%%%%%%%%
"""
PIECES = [
    *[line.replace(b"%", b"\0").replace(b"#", b"\xff") + b"\r\n" for line in re.split(rb"[|\n]", LINES)],
    *[b"\r\n.\r\n", b"\n.\n", b".", b"\r", b"\n", b"noop\n", b"A" * 3000],
]


async def test_no_conversation_upsets_the_listener(caplog: pytest.LogCaptureFixture) -> None:
    services = FakeIntake()
    check = services.add(filter_subject=True, filter_body=True, failure_kw="failed")
    recipient = f"RCPT TO:<{address(check)}>\r\n".encode()
    well_said = [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\n", recipient, b"DATA\r\n", b"Subject: failed\r\n"]
    async with listening(services, max_message_bytes=65536) as (listener, port):

        async def converse(seed: int) -> None:
            chance = random.Random(seed)
            pieces = well_said[: chance.randrange(6)]
            pieces += [chance.choice([*PIECES, recipient]) for _ in range(chance.randrange(60))]
            said = b"".join(pieces)
            async with Client.connect(port, greet=False) as client:
                while said:
                    cut = chance.randrange(1, len(said) + 1)
                    client.write(said[:cut])
                    said = said[cut:]
                    if chance.random() < 0.2:
                        await asyncio.sleep(0)
                if chance.random() < 0.9:
                    with contextlib.suppress(OSError):  # it went on talking behind QUIT
                        client.writer.write_eof()
                        heard = await client.reader.read(-1)
                        assert REPLY.fullmatch(heard), heard
                        assert b"\r\n451" not in heard

        for start in range(0, SESSIONS, 10):
            async with asyncio.timeout(10):
                await asyncio.gather(*[converse(seed) for seed in range(start, start + 10)])
        assert listener.healthy
        async with Client.connect(port) as client:
            assert (await client.mail(b"Subject: failed\r\n\r\n", check)).startswith("250")
    assert services.reports[-1].signal == "fail"
    assert len(services.reports) > 5
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
