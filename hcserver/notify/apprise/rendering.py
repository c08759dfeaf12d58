"""Alert messages for the services that Apprise reaches: each in its best form and within its limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid5

from msgspec.structs import replace

from hcserver.notify import rendering
from hcserver.notify.alert_message import AlertMessage, MessageEvent
from hcserver.notify.apprise.messages import Level, Message
from hcserver.notify.body_preview import CUT_ABOVE
from hcserver.notify.plain_text import one_line

Compose = Callable[[AlertMessage], Message]

_LEVELS: dict[MessageEvent, Level] = {
    "down": "failure",
    "reminder": "failure",
    "start-too-long": "failure",
    "up": "success",
    "paused": "warning",
    "test": "info",
    "channel-disabled": "warning",
}
_SIGNS: dict[MessageEvent, str] = {
    "down": "🔴",
    "reminder": "🔴",
    "start-too-long": "🔴",
    "up": "🟢",
    "paused": "⏸️",
    "test": "🔔",
    "channel-disabled": "⚠️",
}
# Limits in UTF-8 bytes, which are at least as many as characters however a service counts those.
_DISCORD = 2000  # https://discord.com/developers/docs/resources/webhook#execute-webhook
_TELEGRAM = 3800  # of 4096 when its markup has been read: https://services.telegram.org/bots/api#sendmessage
_PUSHOVER = 1024  # https://pushover.net/api#limits
_NTFY = 3500  # of 4096, quotation marks included: https://docs.ntfy.sh/config/#message-limits
_CHAT = 3800  # Mattermost and Google Chat: 4000 and 4096 characters; Rocket.Chat: 5000
_MATRIX = 20_000  # HTML can't be cut anywhere; an event has room for three times as much
_LONG = 8000  # below the limits of all others
_TITLE = 250  # Pushover's, the shortest of those that have titles
_SUMMARY = 1000  # of 1024: https://developer.pagerduty.com/docs/send-alert-event
_ALERT = 130  # https://docs.opsgenie.com/docs/alert-api#create-alert
_TOPIC = 60  # https://zulip.com/api/send-message#parameter-topic
_SMS = 160  # one message

# Markup, mentions or links in some of the dialects. Not all of them know backslashes, but all show the inside
# of a code span as it is.
_MARKUP = re.compile(r"[*_~`\[\]<>@\\|&]")
_MENTION = re.compile("<(/?at)>", re.IGNORECASE)
_SHORTER = (600, 300, 100, 0)  # characters of the body's preview, if the message is too long


def slack(alert_message: AlertMessage) -> Message:
    return _markdown(alert_message, _LONG, title=True)


def discord(alert_message: AlertMessage) -> Message:
    return _markdown(alert_message, _DISCORD)


def telegram(alert_message: AlertMessage) -> Message:
    # Only this version of its markdown can escape every character.
    return _markdown(alert_message, _TELEGRAM, options={"mdv": "v2"})


def chat(alert_message: AlertMessage) -> Message:
    """For services with their own dialect of markdown and no titles."""
    return _markdown(alert_message, _CHAT, options={"format": "markdown"})


def card(alert_message: AlertMessage) -> Message:
    message = _markdown(alert_message, _CHAT, title=True)
    # Apprise would make a mention of <at>, and Teams refuses cards that mention somebody unknown.
    return replace(message, body=_MENTION.sub(r"‹\1›", message.body))


def push_markdown(alert_message: AlertMessage) -> Message:
    return _markdown(
        alert_message, _CHAT, title=True, options={"format": "markdown", "priority": _urgency(alert_message)}
    )


def matrix(alert_message: AlertMessage) -> Message:
    return Message(
        title=clipped(rendering.title(alert_message), _TITLE),
        body=_fitting(rendering.html, alert_message, _MATRIX),
        format="html",
        level=_LEVELS[alert_message.event],
    )


def zulip(alert_message: AlertMessage) -> Message:
    """One topic for each check, so that the messages about it stay together."""
    message = chat(alert_message)
    return replace(message, title=one_line(rendering.label(alert_message), _TOPIC))


def ntfy(alert_message: AlertMessage) -> Message:
    # The apps for iOS show markdown as source text.
    sign = {"🔴": "red_circle", "🟢": "green_circle", "⏸️": "pause_button", "🔔": "bell", "⚠️": "warning"}[
        _SIGNS[alert_message.event]
    ]
    return replace(
        _plain(alert_message, _NTFY),
        options={"xtags": sign, "priority": _urgency(alert_message, ordinary="default")},
    )


def pushover(alert_message: AlertMessage) -> Message:
    return _plain(alert_message, _PUSHOVER)


def plain(alert_message: AlertMessage) -> Message:
    """For any service."""
    return _plain(alert_message, _CHAT)


def signal(alert_message: AlertMessage) -> Message:
    message = _plain(alert_message, _CHAT)
    return replace(message, title="", body=f"{_SIGNS[alert_message.event]} {message.body}")


def sms(alert_message: AlertMessage) -> Message:
    place = f" ({one_line(alert_message.project, 60)})" if alert_message.project else ""
    text = f"{rendering.title(alert_message)}{place}, {alert_message.happened:%Y-%m-%d %H:%M} UTC"
    return Message(body=clipped(text, _SMS), level=_LEVELS[alert_message.event])


def pagerduty(alert_message: AlertMessage) -> Message:
    """Bad news trigger the check's incident, good news and a pause resolve it; a test triggers its own."""
    options = {
        "action": "resolve" if _closes(alert_message) else "trigger",
        "dedup": _incident(alert_message),
        "source": one_line(alert_message.project, 100) or "hcserver",
        "component": one_line(rendering.label(alert_message), 100),
        "click": rendering.link(alert_message),
        "+details": _fitting(rendering.plain, alert_message, _LONG),
    }
    return Message(
        body=clipped(rendering.title(alert_message), _SUMMARY),
        level=_LEVELS[alert_message.event],
        options=options,
    )


def opsgenie(alert_message: AlertMessage) -> Message:
    """As for PagerDuty."""
    alias = _incident(alert_message)
    return Message(
        title=clipped(rendering.title(alert_message), _ALERT),
        body=_fitting(rendering.plain, alert_message, _LONG),
        level=_LEVELS[alert_message.event],
        options={"action": "new", "alias": alias, "entity": one_line(rendering.label(alert_message), 100)},
        closes=alias if _closes(alert_message) else "",
    )


def clipped(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes of UTF-8, with "…" where it was cut."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text
    return data[: limit - 3].decode("utf-8", "ignore").rstrip() + "…"


def _plain(alert_message: AlertMessage, limit: int) -> Message:
    return Message(
        title=clipped(rendering.title(alert_message), _TITLE),
        body=_fitting(rendering.plain, alert_message, limit),
        level=_LEVELS[alert_message.event],
    )


def _markdown(
    alert_message: AlertMessage, limit: int, *, title: bool = False, options: dict[str, str] | None = None
) -> Message:
    """In Markdown. Without `title` the title is the first line of the body."""
    headline = "" if title else _headline(alert_message) + "\n"
    return Message(
        title=clipped(rendering.title(alert_message), _TITLE) if title else "",
        body=_fitting(lambda shorter: headline + _dialect(shorter), alert_message, limit),
        format="markdown",
        level=_LEVELS[alert_message.event],
        options=options or {},
    )


def _headline(alert_message: AlertMessage) -> str:
    name = rendering.label(alert_message)
    event = rendering.title(alert_message).removesuffix(name).rstrip(": ")
    return f"{_SIGNS[alert_message.event]} **{event}** {_inert(name)}"


def _dialect(alert_message: AlertMessage) -> str:
    """The message in the markup that all dialects of Markdown have in common."""
    name = f"“{rendering.label(alert_message)}”"
    sentence = rendering.sentence(alert_message)
    parts = [sentence.replace(name, "It" if sentence.startswith(name) else "it", 1)]
    parts.append("\n".join(f"- {label}: {_inert(value)}" for label, value in rendering.facts(alert_message)))
    if body := alert_message.body_preview:
        # Some dialects know no longer fences than this one: nothing inside may end it.
        parts.append("```\n" + body.replace("```", "'''") + "\n```")
    return "\n\n".join([*parts, f"[Details]({rendering.link(alert_message)})"])


def _inert(text: str) -> str:
    """`text` such that no dialect of Markdown finds markup in it."""
    if not _MARKUP.search(text):
        return text
    return "`" + text.replace("`", "'") + "`"


def _fitting(render: Callable[[AlertMessage], str], alert_message: AlertMessage, limit: int) -> str:
    """The message as `render` writes it, in `limit` bytes: with less of the body's preview if need be."""
    text = render(alert_message)
    for length in _SHORTER:
        if len(text.encode("utf-8", "replace")) <= limit:
            return text
        text = render(replace(alert_message, body_preview=_shortened(alert_message.body_preview, length)))
    return clipped(text, limit)


def _shortened(preview: str, length: int) -> str:
    """At most `length` characters of a preview and "…", or nothing; the last ones of the end of a body."""
    if preview.startswith(CUT_ABOVE):
        end = preview[len(CUT_ABOVE) :]
        return f"{CUT_ABOVE}{end[-length:].lstrip()}" if length and end else ""
    short = preview[:length].rstrip()
    return short if not short or len(preview) <= length else f"{short}…"


def _urgency(alert_message: AlertMessage, ordinary: str = "normal") -> str:
    return "high" if _LEVELS[alert_message.event] == "failure" else ordinary


def _closes(alert_message: AlertMessage) -> bool:
    return alert_message.event in ("up", "paused")


def _incident(alert_message: AlertMessage) -> str:
    """What all messages about one check share. Not its uuid: whoever knows that can ping the check."""
    return uuid5(alert_message.check.id, "test" if alert_message.event == "test" else "incident").hex
