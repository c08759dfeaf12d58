"""Webhook: an HTTP request to an address of the user's choice."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import quote, unquote

import httpx
import msgspec

from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.net.http_client import HttpAnswer
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.http_answers import is_transient, max_attempts, seconds_to_wait
from hcserver.notify.masking import words
from hcserver.notify.payload import Placeholders, document, expand, placeholders
from hcserver.notify.send_context import SendContext
from hcserver.notify.target_form import TargetForm
from hcserver.notify.targets import MASK, STORED_UNFIT, decoded, encoded, refusal, stripped
from hcserver.notify.webhook_form import webhook_form

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # a token, RFC 9110 section 5.6.2
# Headers about the connection and the framing, and those that the server sets itself.
_OWN_HEADERS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer"),
        *("upgrade", "expect", "webhook-id", "webhook-timestamp", "webhook-signature"),
    }
)
_MAX_HEADERS = 50
_CONTROLS = re.compile(r"[\0-\x1f\x7f]+")
# Characters of a ping's body: in bodies, and in URLs and headers, whose length receivers limit.
_BODY_CHARACTERS = 100_000
_SHORT_BODY_CHARACTERS = 1000

_SECRET_PREFIX = "whsec_"
# "Signature scheme" of the Standard Webhooks specification: 192 to 512 bits.
_SECRET_BYTES = range(24, 65)

NEEDS: Final = (
    'an URL such as "https://example.org/hook", or a JSON object such as '
    '{"url": "https://example.org/$CODE/$STATUS", "method": "POST", "headers": {"X-Check": "$NAME"}, '
    '"body": "$NAME is $STATUS"}; "down" and "up" in it may each hold such an object of their own'
)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to send. Without a body, methods that have one send the alert message as JSON."""

    url: str
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = "POST"
    headers: dict[str, str] = {}
    body: str | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`down` and `up`, where they are given, take the place of the request beside them.

    "up" is for good news, "down" for everything else. With a secret, requests are signed. With `full` the
    document (and $JSON) has the uuid and the addresses of the check, by which it can be pinged.
    """

    url: str | None = None
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = "POST"
    headers: dict[str, str] = {}
    body: str | None = None
    down: Request | None = None
    up: Request | None = None
    secret: str = ""
    full: bool = False

    def request(self, *, up: bool) -> Request | None:
        """None: nothing is sent."""
        own = self.up if up else self.down
        if own is not None or self.url is None:
            return own
        return Request(url=self.url, method=self.method, headers=self.headers, body=self.body)


class Webhook:
    name = "webhook"
    needs = NEEDS

    @property
    def form(self) -> TargetForm:
        return webhook_form(self.normalise)

    def normalise(self, target: str) -> str:
        target = stripped(target, NEEDS)
        parsed = _parse(target)
        if parsed.url is None and (parsed.headers or parsed.body is not None or parsed.method != "POST"):
            raise refusal('"method", "headers" and "body" stand beside no "url"', NEEDS)
        requests = [found for up in (False, True) if (found := parsed.request(up=up)) is not None]
        if not requests:
            raise refusal("the target has no URL in it", NEEDS)
        for request in requests:
            _validate(request)
        if parsed.secret:
            _key(parsed.secret)
        return encoded(parsed) if target.startswith("{") else target

    def hosts(self, target: str) -> tuple[str, ...]:
        parsed = _parse(target)
        requests = [found for up in (False, True) if (found := parsed.request(up=up)) is not None]
        return tuple(dict.fromkeys(httpx.URL(request.url).host for request in requests))

    def masked(self, target: str) -> str:
        """Methods and hosts only: paths, queries, headers and bodies may hold credentials."""
        try:
            parsed = _parse(target)
        except InvalidRequest:
            return MASK
        if not target.startswith("{"):
            return _masked_url(target)
        return encoded(
            msgspec.structs.replace(
                parsed,
                url=None if parsed.url is None else _masked_url(parsed.url),
                headers=dict.fromkeys(parsed.headers, MASK),
                body=None if parsed.body is None else MASK,
                down=None if parsed.down is None else _masked_request(parsed.down),
                up=None if parsed.up is None else _masked_request(parsed.up),
                secret=MASK if parsed.secret else "",
            )
        )

    def secrets(self, target: str) -> list[str]:
        try:
            parsed = _parse(target)
        except InvalidRequest:
            return words(target)
        requests = [one for one in (parsed.request(up=False), parsed.request(up=True)) if one is not None]
        found = [part for request in requests for part in _secret_parts(request)]
        return [*found, parsed.secret, parsed.secret.removeprefix(_SECRET_PREFIX)]

    async def send(self, target: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
        try:
            parsed = _parse(target)
            key = _key(parsed.secret) if parsed.secret else None
            request = parsed.request(up=alert_message.up)
            if request is None:
                return Receipt()
            _validate(request)
        except InvalidRequest as error:
            raise DeliveryError(STORED_UNFIT, transient=False) from error
        short = placeholders(alert_message, _SHORT_BODY_CHARACTERS, full=parsed.full)
        url = expand(request.url, short, lambda value: quote(value, safe="", errors="replace"))
        content = _content(request, alert_message, parsed.full)
        headers = _headers(request, short, content) | _metadata(alert_message, content, key)
        answer = await context.http.request(request.method, url, headers, content)
        return _receipt(answer, alert_message.now)


def _parse(target: str) -> Target:
    return decoded(target, Target, NEEDS) if target.startswith("{") else Target(url=target)


def _validate(request: Request) -> None:
    try:
        url = httpx.URL(request.url)
    except httpx.InvalidURL as error:
        raise refusal(f"{request.url[:100]!r} is no URL", NEEDS) from error
    if url.scheme not in ("http", "https") or not url.host or _CONTROLS.search(request.url):
        raise refusal(f"{request.url[:100]!r} is no URL of http or https", NEEDS)
    if request.body is not None and request.method not in _WITH_BODY:
        raise refusal(f"{request.method} has no body", NEEDS)
    if len(request.headers) > _MAX_HEADERS:
        raise refusal(f"there are more than {_MAX_HEADERS} headers", NEEDS)
    for header, value in request.headers.items():
        if not _HEADER_NAME.fullmatch(header):
            raise refusal(f"{header[:100]!r} is no name of a header", NEEDS)
        if header.lower() in _OWN_HEADERS:
            raise refusal(f"the header {header} is set by the server itself", NEEDS)
        if _CONTROLS.search(value.replace("\t", " ")):
            raise refusal(f"the header {header} has control characters in it", NEEDS)


def _key(secret: str) -> bytes:
    """The key in "whsec_<base64>". Raises InvalidRequest, without the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise refusal(
            "the secret does not fit",
            f'"{_SECRET_PREFIX}" and the base64 form of {_SECRET_BYTES[0]} to {_SECRET_BYTES[-1]} bytes',
        )
    return key


def _content(request: Request, alert_message: AlertMessage, full: bool) -> bytes:
    if request.method not in _WITH_BODY:
        return b""
    if request.body is None:
        return json.dumps(document(alert_message, full=full)).encode()
    values = placeholders(alert_message, _BODY_CHARACTERS, full=full)
    return expand(request.body, values).encode("utf-8", "replace")


def _headers(request: Request, values: Placeholders, content: bytes) -> dict[str, str]:
    """The user's headers. Values from outside can't end a line and begin another header."""
    given = {
        name.lower(): _CONTROLS.sub(" ", expand(value, values)).strip()
        for name, value in request.headers.items()
    }
    if content and "content-type" not in given:
        is_json = content[:1] in (b"{", b"[")
        given["content-type"] = "application/json" if is_json else "text/plain; charset=utf-8"
    return given


def _metadata(alert_message: AlertMessage, content: bytes, key: bytes | None) -> dict[str, str]:
    """Headers by which a receiver recognises repeated messages, and (with a key) their origin.

    See https://www.standardwebhooks.com, "Webhook headers": the id is the same on every attempt, the time is
    that of the attempt.
    """
    identifier, timestamp = str(alert_message.id), str(int(time.time()))
    metadata = {
        "idempotency-key": identifier,
        "webhook-id": identifier,
        "webhook-timestamp": timestamp,
    }
    if key is not None:
        signed = f"{identifier}.{timestamp}.".encode() + content
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        metadata["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return metadata


def _receipt(answer: HttpAnswer, now: datetime) -> Receipt:
    """Raises DeliveryError unless the status is 2xx."""
    status = answer.status
    if 200 <= status < 300:
        return Receipt(status=status)
    text = f"the receiver has answered {status}{_phrase(status)}"
    if 300 <= status < 400:
        text += ", a redirect that is not followed"
    raise DeliveryError(
        text,
        transient=is_transient(status),
        status=status,
        retry_after=seconds_to_wait(status, answer.retry_after, now),
        max_attempts=max_attempts(status),
    )


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _secret_parts(request: Request) -> list[str]:
    """What may be a credential in the URL, each segment and option alone, in headers and in the body."""
    parts = [request.body or ""]
    for value in request.headers.values():
        parts += [value, *value.split()]
    try:
        url = httpx.URL(request.url)
    except httpx.InvalidURL:
        return [*parts, *words(request.url)]
    path, query = url.raw_path.decode("ascii", "replace"), url.query.decode("ascii", "replace")
    parts += [url.username, url.password, url.fragment, path]
    parts += re.split("[/;]", unquote(path.partition("?")[0]))
    parts += [unquote(one.partition("=")[2] or one) for one in query.split("&")]
    return parts


def _masked_request(request: Request) -> Request:
    return msgspec.structs.replace(
        request,
        url=_masked_url(request.url),
        headers=dict.fromkeys(request.headers, MASK),
        body=None if request.body is None else MASK,
    )


def _masked_url(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return MASK
    place = f"{parsed.scheme}://{parsed.netloc.decode('ascii', 'replace')}"
    hidden = parsed.raw_path not in (b"", b"/") or parsed.fragment or parsed.userinfo
    return f"{place}/{MASK}" if hidden else place
