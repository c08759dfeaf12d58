"""Delivery status notifications (RFC 3464): reports that a mail which we sent could not be delivered."""

from __future__ import annotations

import re

_WITHIN = 256 * 1024  # bytes of a message in which the report is looked for
_ERROR_CHARACTERS = 300
# The part with the report: from the end of its header to the next boundary (RFC 3464 section 2.1).
_REPORT = re.compile(
    rb"^Content-Type:[ \t]*message/(?:global-)?delivery-status\b[^\n]{0,998}\n"
    rb"(?:[^\r\n][^\n]{0,998}\n){0,20}\r?\n(.*?)(?:^--|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_FAILED = re.compile(rb"^Action:[ \t]*failed\b", re.IGNORECASE | re.MULTILINE)
_PERMANENT = re.compile(rb"^Status:[ \t]*5\.\d{1,3}\.\d{1,3}", re.IGNORECASE | re.MULTILINE)
_DIAGNOSIS = re.compile(
    rb"^Diagnostic-Code:[ \t]*(?:[\w-]{1,20};)?[ \t]*([^\r\n]{1,500}(?:\r?\n[ \t][^\r\n]{0,500}){0,5})",
    re.IGNORECASE | re.MULTILINE,
)


def permanent_failure(raw: bytes) -> str | None:
    """The diagnosis in a delivery status notification of a permanent failure (class 5, RFC 3463 section 2).

    None for delays, receipts, automatic replies, and all other messages.
    """
    part = _REPORT.search(raw[:_WITHIN])
    if part is None:
        return None
    # The text around the report, such as our own message, must not be mistaken for it.
    report = part[1]
    status = _PERMANENT.search(report)
    if status is None or _FAILED.search(report) is None:
        return None
    diagnosis = _DIAGNOSIS.search(report)
    text = (diagnosis[1] if diagnosis else status[0]).decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_ERROR_CHARACTERS]
