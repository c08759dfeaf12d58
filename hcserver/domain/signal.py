"""The effective signal of a report: what it counts as for its check, after all filters."""

from __future__ import annotations

from typing import Final

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason, classify
from hcserver.domain.ping import Report, Signal

_IGNORED: Final = Reason(signal="ign", keyword=None, where="exit status")


def effective_signal(check: Check, report: Report) -> tuple[Signal, Reason | None]:
    """The signal with which the report is recorded, and the reason that is kept with it (None: no filter).

    The filters apply in this order: the check's `methods`, the exit statuses that it names, the keywords in
    the body of an HTTP ping (those of an email have been applied on its arrival), `manual_resume` of a paused
    check.
    """
    signal, reason = _sent(check, report)
    if report.scheme != "email":
        if check.methods == "POST" and report.method != "POST":
            return "ign", None
        if check.filter_http_body:
            reason = _body_reason(check, report, signal, reason)
            signal = reason.signal
    if check.status == "paused" and check.manual_resume:
        signal = "ign"
    return signal, reason


def _sent(check: Check, report: Report) -> tuple[Signal, Reason | None]:
    """What the sender says, its body aside: exit statuses that the check names are successes, or ignored."""
    if report.exit_status in check.ignored_exit_statuses:
        return "ign", _IGNORED
    signal = "success" if report.exit_status in check.success_exit_statuses else report.signal
    return signal, report.reason


def _body_reason(check: Check, report: Report, sent: Signal, why: Reason | None) -> Reason:
    """A keyword decides. Without one, an explicit endpoint (/start, /fail, /log, an exit status) keeps its
    meaning and what is known of its reason, and only a plain ping gets the check's default.
    """
    reason = classify(check.rules, None, (report.body or b"").decode("utf-8", "replace"))
    is_explicit = sent != "success" or report.exit_status is not None
    if reason.keyword is None and is_explicit:
        return why or Reason(signal=sent, keyword=None, where="endpoint")
    return reason
