"""What the server sends to the processes that run Apprise, and what they answer."""

from __future__ import annotations

from typing import Literal

import msgspec

Format = Literal["text", "markdown", "html"]
Level = Literal["info", "success", "warning", "failure"]  # Apprise's NotifyType


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message for Apprise, in the form that the service shows best and within its limits.

    `options` are query parameters for the Apprise URL; those that the URL has itself win. `closes` is the
    alias of an alert to close instead of sending the message, for services whose alerts Apprise can't close.
    """

    body: str
    title: str = ""
    format: Format = "text"
    level: Level = "info"
    options: dict[str, str] = {}
    closes: str = ""


class AppriseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A message, the Apprise URL that says where it goes, and the kind of channel that the URL must fit."""

    url: str
    message: Message
    kind: str = "apprise"


class AppriseResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome. `text` says what went wrong, without what is secret in the URL. `status` is that of the
    service's HTTP answer, if there was one; `retry_after` is for how many seconds it asked to wait.
    """

    delivered: bool
    text: str = ""
    transient: bool = True
    status: int | None = None
    retry_after: float | None = None


request_decoder = msgspec.msgpack.Decoder(AppriseRequest)
result_decoder = msgspec.msgpack.Decoder(AppriseResult)
