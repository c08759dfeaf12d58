"""What goes to the processes that Apprise runs in, and what comes back."""

from __future__ import annotations

from typing import Literal

import msgspec

Format = Literal["text", "markdown", "html"]
Level = Literal["info", "success", "warning", "failure"]  # Apprise's NotifyType


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What to tell by Apprise, in the form that the service likes and within its limits.

    `options` are query parameters of the Apprise URL, for what the URL itself leaves open. `closes` names
    the alert (its alias) that is to be closed instead of telling anything, for services that Apprise can't
    make do that.
    """

    body: str
    title: str = ""
    format: Format = "text"
    level: Level = "info"
    options: dict[str, str] = {}
    closes: str = ""


class AppriseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A message and the Apprise URL that says where it goes."""

    url: str
    message: Message


class AppriseResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `text` says what went wrong, without anything that is secret in the URL; `status`
    is that of the service's HTTP answer, if there was one.
    """

    told: bool
    text: str = ""
    transient: bool = True
    status: int | None = None


request_decoder = msgspec.msgpack.Decoder(AppriseRequest)
result_decoder = msgspec.msgpack.Decoder(AppriseResult)
