"""Tell one message by Apprise, and find out what became of it. Runs in a process of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import requests
from apprise import Apprise, AppriseAsset, NotifyType
from apprise.plugins import NotifyBase
from apprise.plugins.opsgenie import OPSGENIE_API_LOOKUP, NotifyOpsgenie

from hcserver.notify.apprise.messages import AppriseRequest, AppriseResult, Message
from hcserver.notify.apprise.sandbox import seen
from hcserver.notify.apprise.url import with_options, without_secrets
from hcserver.notify.body_preview import one_line

_MAX_TEXT = 500  # characters of what went wrong

# No pictures: they would be fetched from Apprise's repository by whoever shows the message.
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
# Client errors that later attempts may not meet: Request Timeout, Too Early, Too Many Requests.
_TRANSIENT_4XX = (408, 425, 429)


def deliver(request: AppriseRequest) -> AppriseResult:
    """Tell it. What Apprise raises comes through; its text may hold what is secret in the URL."""
    seen.forget()
    with _complaints() as complaints, _traffic() as traffic:
        plugin = Apprise.instantiate(with_options(request.url, request.message.options), asset=_ASSET)
        if not isinstance(plugin, NotifyBase):
            return _failed(request, complaints, "Apprise can't use this URL", transient=False)
        # How often to send is the caller's to say; pauses between the requests of one message only delay it.
        plugin.request_rate_per_sec = 0
        try:
            told = _tell(plugin, request.message)
        except PermissionError:  # plugins that don't expect it; what was refused has been seen
            told = False
        del plugin  # Matrix logs out now
    if told:
        return AppriseResult(told=True, status=traffic.status)
    return _explained(request, complaints, traffic)


class Traffic:
    """The HTTP that went to and fro: the status of the first answer that was an error, else of the last."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.problems: list[str] = []

    def answered(self, status: int) -> None:
        if self.status is None or self.status < 400:
            self.status = status


def _tell(plugin: NotifyBase, message: Message) -> bool:
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
    """Apprise could only close alerts of which it has kept the ids in files.

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


def _explained(request: AppriseRequest, complaints: list[str], traffic: Traffic) -> AppriseResult:
    if seen.refusals and traffic.status is None:
        return _failed(request, seen.refusals, "refused", transient=False)
    if not seen.network:
        return _failed(request, complaints, "there was nothing to send", transient=False)
    status = traffic.status
    transient = status is None or not 400 <= status < 500 or status in _TRANSIENT_4XX
    reasons = [*traffic.problems, *complaints]
    if status is not None and not traffic.problems:
        reasons.insert(0, f"HTTP status {status}")
    return _failed(request, reasons, "Apprise does not say why", transient=transient, status=status)


def _failed(
    request: AppriseRequest, reasons: list[str], otherwise: str, *, transient: bool, status: int | None = None
) -> AppriseResult:
    text = "; ".join(dict.fromkeys(reasons)) or otherwise
    return AppriseResult(
        told=False,
        text=one_line(without_secrets(text, request.url), _MAX_TEXT),
        transient=transient,
        status=status,
    )


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What Apprise logs as a warning or an error meanwhile."""
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
    """The HTTP requests that are made meanwhile; redirects are not followed, whatever the URL says."""
    traffic = Traffic()
    original = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        seen.network = True
        try:
            response = original(self, request, **{**options, "allow_redirects": False})
        except requests.RequestException as error:
            traffic.problems.append(_reason(error))
            raise
        traffic.answered(response.status_code)
        return response

    requests.Session.send = cast(Any, send)  # type: ignore[method-assign]
    try:
        yield traffic
    finally:
        requests.Session.send = original  # type: ignore[method-assign]


def _reason(error: requests.RequestException) -> str:
    """Why there was no answer. The exceptions' own texts hold the URL, so only the innermost one says it."""
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
