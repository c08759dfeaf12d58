from __future__ import annotations

import pytest

from hcserver.mime.bounce import permanent_failure
from tests.cpu_time import cpu_seconds

DSN = b"""\
From: MAILER-DAEMON@mx.example.org\r
Subject: Undelivered Mail Returned to Sender\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
\r
I'm sorry.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.org\r
\r
Final-Recipient: rfc822; ops@example.org\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 <ops@example.org>: Recipient\r
 address rejected: User unknown\r
--b--\r
"""


def test_a_permanent_failure_says_why() -> None:
    expected = "550 5.1.1 <ops@example.org>: Recipient address rejected: User unknown"
    assert permanent_failure(DSN) == expected
    assert permanent_failure(DSN.replace(b"\r\n", b"\n")) == expected


def test_a_failure_without_a_diagnosis_has_its_status() -> None:
    report = b"Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.2.2 (full)\n"
    assert permanent_failure(report) == "Status: 5.2.2"


@pytest.mark.parametrize(
    "raw",
    [
        DSN.replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1\r", b"4.4.7\r"),
        DSN.replace(b"Action: failed", b"Action: delivered").replace(b"5.1.1\r", b"2.0.0\r"),
        DSN.replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1\r", b"4.4.7\r")
        + b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        b"Subject: Out of office\r\n\r\nBack on Monday. Status: fine\r\n",
        b"",
    ],
)
def test_what_is_no_permanent_failure_is_none(raw: bytes) -> None:
    assert permanent_failure(raw) is None


def test_what_is_made_to_take_long_does_not() -> None:
    raw = b"Content-Type: message/delivery-status\r\n" * 10_000
    assert permanent_failure(raw) is None
    assert cpu_seconds(lambda: permanent_failure(raw)) < 2
