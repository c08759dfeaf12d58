"""What can go wrong, as types. HTTP and SMTP each have one place that turns them into replies."""

from __future__ import annotations

from collections.abc import Mapping


class HcError(Exception):
    """The base of all errors that are somebody's to read; `str(error)` is the text for them."""


class ConfigError(HcError):
    """A setting is unknown or its value can't be used; the text names the setting, its value, what fits."""


class InvalidRequest(HcError):
    """The request can't be served as it stands (HTTP 400)."""


class InvalidFields(InvalidRequest):
    """Fields of a form can't be used (HTTP 400). `faults` has a sentence for each, by the field's name."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{field}: {fault}" for field, fault in faults.items()))
        self.faults = dict(faults)


class Unauthorized(HcError):
    """No key, or not the right one (HTTP 401)."""


class TooManyRequests(HcError):
    """Too many attempts (HTTP 429). `retry_after` is for how many seconds no other one is worth it."""

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Forbidden(HcError):
    """Another project's object (then without a text), or a limit that is reached (HTTP 403)."""


class NotFound(HcError):
    """No such check, ping or project (HTTP 404, SMTP 550)."""


class Ambiguous(HcError):
    """Several checks share the slug (HTTP 409, SMTP 550)."""


class TooSlow(HcError):
    """The rest of the request did not come (HTTP 408)."""


class Conflict(HcError):
    """The state of the check does not allow it (HTTP 409)."""


class Unavailable(HcError):
    """The database is away or too slow; nothing was acknowledged, try again (HTTP 503, SMTP 451)."""


class DeliveryError(Exception):
    """A message could not be delivered. `transient`: another attempt may succeed.

    `status` is what the receiver answered (an HTTP status, an SMTP reply code), if it did. `retry_after` is
    for how many seconds it asked to wait. `max_attempts`: after so many attempts this failure is final; None:
    the settings say it.
    """

    def __init__(
        self,
        text: str,
        *,
        transient: bool,
        status: int | None = None,
        retry_after: float | None = None,
        max_attempts: int | None = None,
    ) -> None:
        super().__init__(text)
        self.transient = transient
        self.status = status
        self.retry_after = retry_after
        self.max_attempts = max_attempts
