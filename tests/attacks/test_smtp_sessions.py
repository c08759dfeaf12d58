"""SMTP clients that keep a place, or fill the log."""

from __future__ import annotations

from tests.attacks.hostile import connect, read_all, send_and_read
from tests.e2e.server import RealServer


def test_commands_without_a_message_end_the_session(server: RealServer) -> None:
    answer = send_and_read(server.smtp_port, b"EHLO x\r\n" + b"NOOP\r\n" * 1100)
    assert answer.endswith(b"421 4.7.0 Too many commands without a message\r\n")


def test_refused_recipients_do_not_fill_the_log(server: RealServer) -> None:
    before = len(server.output.read_bytes())
    for session in range(20):
        lines = [f"RCPT TO:<{session}-{number}@nowhere.example.org>\r\n" for number in range(90)]
        commands = ["EHLO x\r\n", "MAIL FROM:<>\r\n", *lines, "QUIT\r\n"]
        with connect(server.smtp_port) as client:
            client.sendall("".join(commands).encode())
            assert read_all(client).count(b"\r\n550 5.1.1") == 90
    assert len(server.output.read_bytes()) - before < 3000
