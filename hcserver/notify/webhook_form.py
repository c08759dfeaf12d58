"""The fields of a webhook: a request for bad news, and another one for good news where that is wanted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from hcserver.errors import InvalidRequest
from hcserver.notify.target_form import TargetField, TargetForm, Values

_METHODS: Final = ("POST", "PUT", "PATCH", "GET", "DELETE")
_PARTS: Final = ("url", "method", "headers", "body")
_UP: Final = "up_"  # before the names of the fields about good news
_URL: Final = r"https?://\S+"
_DEFAULT_METHOD: Final = "POST"


def _request_fields(prefix: str, news: str, required: bool) -> tuple[TargetField, ...]:
    return (
        TargetField(
            name=f"{prefix}url",
            label=f"Address{news}",
            type="url",
            required=required,
            help="Placeholders such as $NAME, $STATUS and $CODE stand for parts of the message."
            if required
            else "Leave it empty to send good news to the same address.",
            example="https://example.org/hook",
            pattern=_URL,
        ),
        TargetField(
            name=f"{prefix}method",
            label=f"Method{news}",
            type="choice",
            required=False,
            choices=_METHODS,
            default=_DEFAULT_METHOD,
        ),
        TargetField(
            name=f"{prefix}headers",
            label=f"Headers{news}",
            type="multiline",
            required=False,
            help="One in each line.",
            example="X-Check: $NAME",
        ),
        TargetField(
            name=f"{prefix}body",
            label=f"Body{news}",
            type="multiline",
            required=False,
            help="Without one, the message is sent as JSON.",
            example="$NAME is $STATUS",
        ),
    )


_FIELDS: Final = (
    *_request_fields("", "", required=True),
    *_request_fields(_UP, " for good news", required=False),
    TargetField(
        name="secret",
        label="Secret",
        type="secret",
        required=False,
        help="Requests are signed with it, as Standard Webhooks describes.",
        example="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        pattern=r"whsec_[A-Za-z0-9+/=]+",
    ),
    TargetField(
        name="full",
        label="Include the check's addresses",
        type="choice",
        required=False,
        choices=("no", "yes"),
        default="no",
        help="With them, whoever reads the message can ping and change the check.",
    ),
)


def webhook_form(normalise: Callable[[str], str]) -> TargetForm:
    return TargetForm(
        label="Webhook",
        help="An HTTP request to an address of your choice.",
        fields=_FIELDS,
        join=_join,
        split=_split,
        normalise=normalise,
    )


def _join(values: Values) -> str:
    down = _request(values, "")
    more: dict[str, Any] = {}
    if values["secret"]:
        more["secret"] = values["secret"]
    if values["full"] == "yes":
        more["full"] = True
    if values["up_url"]:
        return json.dumps({"down": down, "up": _request(values, _UP), **more})
    for part in ("headers", "body"):
        if values[_UP + part]:
            raise InvalidRequest(f"{_UP}{part} is given without {_UP}url")
    if down.keys() == {"url"} and not more:
        return values["url"]
    return json.dumps({**down, **more})


def _request(values: Values, prefix: str) -> dict[str, Any]:
    """The members of a request, without those that have their default."""
    request: dict[str, Any] = {"url": values[f"{prefix}url"]}
    if (method := values[f"{prefix}method"]) != _DEFAULT_METHOD:
        request["method"] = method
    if lines := values[f"{prefix}headers"]:
        request["headers"] = dict(_header(f"{prefix}headers", line) for line in lines.splitlines() if line)
    if body := values[f"{prefix}body"]:
        if method in ("GET", "DELETE"):
            raise InvalidRequest(f"{prefix}body does not go together with the method {method}")
        request["body"] = body
    return request


def _header(field: str, line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise InvalidRequest(f"{field} has a line that does not look like X-Check: $NAME")
    return name.strip(), value.strip()


def _split(target: str) -> Values | None:
    if not target.startswith("{"):
        return {"url": target}
    document: dict[str, Any] = json.loads(target)
    shared = {part: document[part] for part in _PARTS if part in document}
    down, up = document.get("down", shared), document.get("up", shared)
    if "url" not in down or "url" not in up:
        return None
    values = _values(down, "") | ({} if up == down else _values(up, _UP))
    return values | {"secret": document.get("secret", ""), "full": "yes" if document.get("full") else ""}


def _values(request: dict[str, Any], prefix: str) -> dict[str, str]:
    headers = "\n".join(f"{name}: {value}" for name, value in request.get("headers", {}).items())
    values = {"url": request["url"], "method": request.get("method", ""), "headers": headers}
    return {f"{prefix}{name}": value for name, value in values.items()} | {
        f"{prefix}body": request.get("body") or ""
    }
