"""What a report counts as for its check."""

from __future__ import annotations

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason, classify
from hcserver.domain.ping import Report, Signal


def effective_signal(check: Check, report: Report) -> tuple[Signal, Reason | None]:
    """The type of the ping that the report becomes, and why keywords decided it, if they did.

    `methods` is applied first, then the keywords in the body of an HTTP ping, then `manual_resume`. The
    keywords of an email have been applied where it came in: its report carries the reason.
    """
    signal, reason = report.signal, report.reason
    if report.scheme != "email":
        if check.methods == "POST" and report.method != "POST":
            return "ign", None
        if check.filter_http_body:
            reason = classify(check.rules, None, (report.body or b"").decode("utf-8", "replace"))
            signal = reason.signal
    if check.status == "paused" and check.manual_resume:
        signal = "ign"
    return signal, reason
