"""kill -9 amid many senders of mail: what got its 250 is in the log, and what didn't may be sent again."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import smtplib
from collections import Counter
from collections.abc import Callable

from tests.e2e.server import RealServer

SENDERS = 20
CHECKS = 8
SECONDS = 2.0


class Senders:
    """What was sent and what became of it: a message's mark -> the checks that it was for."""

    def __init__(self, server: RealServer, checks: list[str]) -> None:
        self._server = server
        self._checks = checks
        self.accepted: dict[str, list[str]] = {}
        self.unanswered: dict[str, list[str]] = {}

    async def run(self, number: int) -> None:
        """Send mails as fast as it goes until the connection breaks."""
        choices = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.smtp_port)

        async def say(line: bytes, expected: bytes) -> None:
            writer.write(line + b"\r\n" if line else b"")
            while True:
                reply = await reader.readline()
                if not reply:
                    raise EOFError
                assert reply.startswith(expected), reply
                if reply[3:4] == b" ":
                    return

        with contextlib.suppress(OSError, EOFError):
            await say(b"", b"220")
            await say(b"EHLO nas.example.org", b"250")
            for count in itertools.count():
                mark = f"mail-{number}-{count}"
                checks = choices.sample(self._checks, choices.choice((1, 1, 2)))
                await say(b"MAIL FROM:<nas@example.org>", b"250")
                for check in checks:
                    await say(f"RCPT TO:<{check}@hc.example.org>".encode(), b"250")
                await say(b"DATA", b"354")
                self.unanswered[mark] = checks
                await say(message(mark) + b".", b"250")
                self.accepted[mark] = self.unanswered.pop(mark)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def message(mark: str) -> bytes:
    head = f"From: nas@example.org\r\nSubject: {mark}\r\nMessage-ID: <{mark}@nas.example.org>\r\n"
    return head.encode() + b"\r\n" + b"all is well\r\n" * 100


async def kill_under_load(server: RealServer, senders: Senders) -> None:
    tasks = [asyncio.ensure_future(senders.run(number)) for number in range(SENDERS)]
    await asyncio.sleep(SECONDS * random.uniform(0.5, 1))
    server.kill()
    await asyncio.gather(*tasks)


def test_no_mail_that_got_its_250_is_lost_and_no_retry_counts_twice(
    make_server: Callable[..., RealServer],
) -> None:
    server = make_server(HCSERVER_LIMITS_PINGS_PER_CHECK="1000").start()
    key = server.create_project("tests")["api_key"]
    filters = {"filter_subject": True, "success_kw": "mail"}
    checks = [server.api("checks/", key, {"name": f"check {n}", **filters})["uuid"] for n in range(CHECKS)]
    senders = Senders(server, checks)
    asyncio.run(kill_under_load(server, senders))
    assert len(senders.accepted) > 50

    server.start()
    # As their mail servers would do it.
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as smtp:
        for mark, recipients in senders.unanswered.items():
            smtp.sendmail(
                "nas@example.org", [f"{check}@hc.example.org" for check in recipients], message(mark)
            )

    logged: Counter[tuple[str, str]] = Counter()
    for uuid in checks:
        pings = server.api(f"checks/{uuid}/pings/", key)["pings"][::-1]
        assert [ping["n"] for ping in pings] == list(range(1, len(pings) + 1))
        assert {ping["type"] for ping in pings} == {"success"}
        logged.update((ping["subject"], uuid) for ping in pings)
        check = server.api(f"checks/{uuid}", key)
        assert (check["n_pings"], check["status"]) == (len(pings), "up")

    sent = {**senders.accepted, **senders.unanswered}
    expected = Counter((mark, check) for mark, recipients in sent.items() for check in recipients)
    assert not sorted(expected - logged), "accepted, but not in the log"
    assert not sorted(logged - expected), "in the log twice, or never sent"
