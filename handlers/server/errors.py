"""The one table of errors: which HTTP status an error of the services becomes."""

from __future__ import annotations

from hcserver.errors import (
    Ambiguous,
    Conflict,
    Forbidden,
    HcError,
    InvalidFields,
    InvalidRequest,
    NotFound,
    TooManyRequests,
    TooSlow,
    Unauthorized,
    Unavailable,
)

RETRY_AFTER = "5"  # seconds; sent with every 503

_STATUS: dict[type[HcError], int] = {
    InvalidRequest: 400,
    InvalidFields: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Ambiguous: 409,
    TooSlow: 408,
    Conflict: 409,
    TooManyRequests: 429,
    Unavailable: 503,
}


def status_of(error: BaseException) -> int:
    """The status for an error; 500 for what is a fault of the server."""
    return _STATUS.get(type(error), 500) if isinstance(error, HcError) else 500


def text_of(error: BaseException) -> str:
    """What clients read about an error; nothing about a fault of the server."""
    return "internal error" if status_of(error) == 500 else str(error)
