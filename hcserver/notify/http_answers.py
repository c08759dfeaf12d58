"""What the status of an HTTP answer means for a message: final, or worth another attempt, and when."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Attempts in all at a receiver that answers "not found" or a redirect that is not followed, as some do while
# they are being deployed anew. The pauses between the attempts (1, 2, 4 ... 64 seconds) last about two
# minutes; a receiver that still answers like that does not know the address.
FEW_ATTEMPTS = 8

_NOT_FOUND = 404
# Request Timeout, Too Early, Too Many Requests. Other client errors stay as they are however often we try.
_TRANSIENT_4XX = frozenset({_NOT_FOUND, 408, 425, 429})
# Too Many Requests (RFC 6585 section 4) and Service Unavailable (RFC 9110 section 15.6.4).
_WITH_RETRY_AFTER = frozenset({429, 503})
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def is_transient(status: int) -> bool:
    """Whether another attempt may succeed after an answer with this status, which is not 2xx."""
    return status >= 500 or status < 400 or status in _TRANSIENT_4XX


def max_attempts(status: int | None) -> int | None:
    """After how many attempts in all an answer with this status is final; None: the settings say it."""
    few = status is not None and (300 <= status < 400 or status == _NOT_FOUND)
    return FEW_ATTEMPTS if few else None


def seconds_to_wait(status: int, retry_after: str, now: datetime) -> float | None:
    """For how many seconds the header Retry-After (RFC 9110 section 10.2.3) asks to wait from `now` on.

    None where there is none, where it can't be read, or where the status gives it another meaning.
    """
    value = retry_after.strip()
    if status not in _WITH_RETRY_AFTER or not value:
        return None
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:  # "-0000"
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
