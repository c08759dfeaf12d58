"""What other rules would make of the reports that a check has had: emails, and HTTP pings with a body."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.keyword_marks import Excerpt, excerpt
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping, Report, Signal
from hcserver.domain.signal import effective_signal
from hcserver.services.classification.dry_run import DryRun

_INLINE_BYTES: Final = 16 * 1024  # larger bodies are searched in a thread


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a report means by some rules, and the part of it that decided (None: it could not be read)."""

    signal: Signal
    reason: Reason
    subject: str | None  # of an email
    excerpt: Excerpt | None


def has_text(ping: Ping) -> bool:
    """Whether there is something to be searched for keywords."""
    return ping.scheme == "email" or ping.body_size > 0


async def judge_email(classifier: DryRun, raw: bytes, check: Check) -> Judgement:
    """Raises Unavailable when too many large messages are being read."""
    result = await classifier.classify(raw, check)
    signal: Signal = result.reason.signal
    return Judgement(signal=signal, reason=result.reason, subject=result.subject, excerpt=result.excerpt)


async def judge(classifier: DryRun, ping: Ping, check: Check) -> Judgement:
    """What a ping, which has its body, would be by the rules of `check`, whether that is paused or not.

    What is kept of the body is searched. Raises Unavailable.
    """
    if ping.scheme == "email":
        judged = await judge_email(classifier, ping.body or b"", check)
        return replace(judged, subject=judged.subject if judged.subject is not None else ping.subject)
    if ping.body_size > _INLINE_BYTES:
        return await asyncio.to_thread(_judge_body, ping, check)
    await asyncio.sleep(0)  # others have their turn between the bodies
    return _judge_body(ping, check)


def _judge_body(ping: Ping, check: Check) -> Judgement:
    signal, reason = effective_signal(replace(check, status="up", methods=""), _report(ping))
    if reason is None:
        reason = Reason(signal=signal, keyword=None, where="unfiltered")
    text = (ping.body or b"").decode("utf-8", "replace")
    found = excerpt(check.rules, reason.keyword, text)
    return Judgement(signal=signal, reason=reason, subject=None, excerpt=found)


def _report(ping: Ping) -> Report:
    """The report from which the ping was made, as far as it is known: of one that a keyword has decided, the
    address is not, and taken for the plain one.
    """
    if ping.exit_status is not None:
        signal: Signal = "success" if ping.exit_status == 0 else "fail"
    else:
        unchanged = ping.reason is None or ping.reason.where in ("endpoint", "unfiltered")
        signal = ping.type if unchanged and ping.type != "ign" else "success"
    return Report(
        check=ping.check, at=ping.at, signal=signal, scheme=ping.scheme, remote_addr=ping.remote_addr,
        exit_status=ping.exit_status, body=ping.body,
    )  # fmt: skip
