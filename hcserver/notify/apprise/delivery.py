"""Send one message by Apprise, and find out the outcome. Runs in a process of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import requests
from apprise import Apprise, AppriseAsset, NotifyType
from apprise.manager_plugins import NotificationManager
from apprise.plugins import NotifyBase
from apprise.plugins.opsgenie import OPSGENIE_API_LOOKUP, NotifyOpsgenie
from msgspec.structs import replace

from hcserver.notify.apprise.messages import AppriseRequest, AppriseResult, Message
from hcserver.notify.apprise.sandbox import seen
from hcserver.notify.apprise.services import SERVICES
from hcserver.notify.apprise.url import REFUSED_SCHEMES, with_options, without_secrets
from hcserver.notify.http_answers import is_transient, seconds_to_wait
from hcserver.notify.plain_text import one_line

_MAX_TEXT = 500  # characters of what went wrong

# No pictures: whoever shows the message would fetch them from Apprise's repository.
_ASSET = AppriseAsset(
    app_id="hcserver",
    app_desc="hcserver",
    app_url="",
    image_url_mask="",
    image_url_logo="",
    image_path_mask="",
    http_redirects=False,
    storage_mode="memory",
    timezone="UTC",
    language="en",
)
_SERVICES = {service.name: service for service in SERVICES}


def withdraw_refused_services() -> None:
    """Make Apprise forget the services that are refused, for good: however a URL is written, it can't lead to
    one of them.
    """
    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    manager.disable(*(scheme for scheme in REFUSED_SCHEMES if scheme in manager))


def deliver(request: AppriseRequest) -> AppriseResult:
    """Send the message. Raises whatever Apprise raises; the text of that may hold secrets of the URL."""
    if (reason := _refusal(request)) is not None:
        return _failed(request, [reason], "", transient=False)
    seen.forget()
    with _warnings_of_apprise() as warnings, _traffic() as traffic:
        plugin = Apprise.instantiate(with_options(request.url, request.message.options), asset=_ASSET)
        if not isinstance(plugin, NotifyBase):
            return _failed(request, warnings, "Apprise can't use this URL", transient=False)
        # The caller limits how much is sent; pauses between the requests of one message would only delay it.
        plugin.request_rate_per_sec = 0
        try:
            delivered = _send(plugin, request.message)
        except PermissionError:  # not every plugin expects it; the sandbox has noted what it refused
            delivered = False
        del plugin  # Matrix logs out now
    if delivered:
        return AppriseResult(delivered=True, status=traffic.status)
    return _failure(request, warnings, traffic)


class Traffic:
    """The HTTP answers to one message: `status` is that of the first error, else of the last answer."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.retry_after: float | None = None
        self.problems: list[str] = []

    def answered(self, response: requests.Response) -> None:
        if self.status is None or self.status < 400:
            self.status = response.status_code
            asked = response.headers.get("Retry-After", "")
            self.retry_after = seconds_to_wait(self.status, asked, datetime.now(UTC))


def _refusal(request: AppriseRequest) -> str | None:
    """Why the URL is not for this kind of channel, by the rules for new channels; None if it is."""
    service = _SERVICES.get(request.kind)
    if service is None:
        return "unknown kind of channel"
    try:
        service.url(request.url)
    except ValueError as error:
        return f"the stored target does not fit the kind {request.kind} any more ({error})"
    return None


def _send(plugin: NotifyBase, message: Message) -> bool:
    if message.closes and isinstance(plugin, NotifyOpsgenie):
        return _close_alert(plugin, message)
    return bool(
        plugin.notify(
            body=message.body,
            title=message.title,
            notify_type=NotifyType(message.level),
            body_format=message.format,
        )
    )


def _close_alert(plugin: NotifyOpsgenie, message: Message) -> bool:
    """Close an alert. Apprise could close only those whose ids it has kept in files.

    https://docs.opsgenie.com/docs/alert-api#close-alert
    """
    response = requests.post(
        f"{OPSGENIE_API_LOOKUP[plugin.region_name or 'us']}/{message.closes}/close",
        params={"identifierType": "alias"},
        json={"source": _ASSET.app_id, "note": message.body},
        headers={"Authorization": f"GenieKey {plugin.apikey}"},
        timeout=plugin.request_timeout,
    )
    return response.status_code < 300


def _failure(request: AppriseRequest, warnings: list[str], traffic: Traffic) -> AppriseResult:
    if seen.refusals and traffic.status is None:
        return _failed(request, seen.refusals, "refused", transient=False)
    if not seen.network:
        return _failed(request, warnings, "there was nothing to send", transient=False)
    status = traffic.status
    transient = status is None or is_transient(status)
    reasons = [*traffic.problems, *warnings]
    if status is not None and not traffic.problems:
        reasons.insert(0, f"HTTP status {status}")
    failed = _failed(request, reasons, "Apprise does not say why", transient=transient, status=status)
    return replace(failed, retry_after=traffic.retry_after)


def _failed(
    request: AppriseRequest, reasons: list[str], otherwise: str, *, transient: bool, status: int | None = None
) -> AppriseResult:
    text = "; ".join(dict.fromkeys(reasons)) or otherwise
    return AppriseResult(
        delivered=False,
        text=one_line(without_secrets(text, request.url), _MAX_TEXT),
        transient=transient,
        status=status,
    )


@contextmanager
def _warnings_of_apprise() -> Iterator[list[str]]:
    """Collects what Apprise logs as a warning or an error meanwhile."""
    lines: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("apprise")
    log.addHandler(handler)
    try:
        yield lines
    finally:
        log.removeHandler(handler)


@contextmanager
def _traffic() -> Iterator[Traffic]:
    """Watches the HTTP requests made meanwhile. Redirects are not followed, whatever the URL says."""
    traffic = Traffic()
    original = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        seen.network = True
        try:
            response = original(self, request, **{**options, "allow_redirects": False})
        except requests.RequestException as error:
            traffic.problems.append(_reason(error))
            raise
        traffic.answered(response)
        return response

    requests.Session.send = cast(Any, send)  # type: ignore[method-assign]
    try:
        yield traffic
    finally:
        requests.Session.send = original  # type: ignore[method-assign]


def _reason(error: requests.RequestException) -> str:
    """Why there was no answer. The exceptions' texts hold the URL: only the innermost error is named."""
    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    cause: BaseException = error
    while inner := cause.__cause__ or cause.__context__:
        cause = inner
    if isinstance(cause, OSError) and cause.strerror:
        return f"no connection: {cause.strerror}"
    return f"no connection: {type(cause).__name__}"
