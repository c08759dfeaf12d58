"""Emails, and a client that sends them."""

from __future__ import annotations

import asyncio

LINE = "2026-01-02 03:04:05 copied /srv/data/projects/report.odt (48210331 bytes)\r\n"


def mail(number: int) -> bytes:
    """A report of 2 kB. The end of every second one says that something failed."""
    verdict = "Backup failed" if number % 2 else "Backup finished without errors"
    head = (
        f"From: NAS <nas@example.org>\r\nTo: jobs@example.org\r\nSubject: Report {number}\r\n"
        f"Message-ID: <{number}@nas.example.org>\r\nDate: Fri, 02 Jan 2026 03:04:05 +0100\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    lines = (2000 - len(head) - len(verdict)) // len(LINE)
    return f"{head}{LINE * lines}{verdict}\r\n.\r\n".encode()


COSTLY = {
    "10 MB of text": b"Subject: x\r\n\r\n" + b"a log line of no interest to anybody\r\n" * 250_000 + b".\r\n",
    "9.9 MB in one line": b"\r\n" + b"x" * 9_900_000 + b"\r\n.\r\n",
    "1 MB of HTML": b"Content-Type: text/html\r\n\r\n"
    + b"<tr><td>a</td><td>b</td></tr>\r\n" * 32_000
    + b".\r\n",
    "9,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 9000
    + b".\r\n",
    "2.7 MB of subject": b"Subject: " + b"x" * 2_700_000 + b"\r\n\r\n.\r\n",
    "60 kB of header fields": b"X: y\r\n" * 10_000 + b"\r\n.\r\n",
}


class Connection:
    """One SMTP connection. Each command waits for its reply."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        connection = cls(*await asyncio.open_connection("127.0.0.1", port))
        await connection._expect("220")
        await connection._say(b"EHLO bench\r\n", "250")
        return connection

    async def send(self, recipient: str, message: bytes) -> None:
        await self._say(b"MAIL FROM:<nas@example.org>\r\n", "250")
        await self._say(f"RCPT TO:<{recipient}>\r\n".encode(), "250")
        await self._say(b"DATA\r\n", "354")
        await self._say(message, "250")

    async def close(self) -> None:
        await self._say(b"QUIT\r\n", "221")
        self._writer.close()

    async def _say(self, data: bytes, code: str) -> None:
        self._writer.write(data)
        await self._writer.drain()
        await self._expect(code)

    async def _expect(self, code: str) -> None:
        while True:
            line = await self._reader.readline()
            if line[3:4] != b"-":
                break
        if not line.startswith(code.encode()):
            raise SystemExit(f"expected {code}, got {line!r}")
