"""Mail that comes back to us: delivery status notifications (RFC 3464) for what we sent."""

from __future__ import annotations

import re

_WITHIN = 256 * 1024  # bytes in which a report says what it has to say
_ERROR_CHARACTERS = 300
# The part with the report: from its header's end to the next boundary (RFC 3464 section 2.1).
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
    """What a delivery status notification says of a failure for good (class 5, RFC 3463 section 2).

    None for delays, receipts, answers of absent people, and whatever else is no such report.
    """
    part = _REPORT.search(raw[:_WITHIN])
    if part is None:
        return None
    # What stands around it, our own message above all, says nothing of what became of it.
    report = part[1]
    status = _PERMANENT.search(report)
    if status is None or _FAILED.search(report) is None:
        return None
    diagnosis = _DIAGNOSIS.search(report)
    text = (diagnosis[1] if diagnosis else status[0]).decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_ERROR_CHARACTERS]
