"""An alert message as text, Markdown and HTML: what happened to which check, since when, and the last report.

Everything that comes from outside is escaped for the form that it is put into.
"""

from __future__ import annotations

import html as markup
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hcserver.domain.check import Check
from hcserver.domain.identifiers import unique_key
from hcserver.domain.ping import Ping
from hcserver.domain.time_zone import zone
from hcserver.notify.alert_message import AlertMessage, MessageEvent
from hcserver.notify.plain_text import one_line

_HEADLINES: dict[MessageEvent, str] = {
    "down": "DOWN",
    "up": "UP",
    "start-too-long": "NOT FINISHED IN TIME",
    "paused": "PAUSED",
    "reminder": "STILL DOWN",
    "test": "TEST",
    "channel-disabled": "CHANNEL DISABLED",
}
_PING_TYPES = {"success": "success", "fail": "failure", "start": "start", "log": "log", "ign": "ignored"}
_RED = "#c62828"
_COLOURS: dict[MessageEvent, str] = {"up": "#1a7f37", "paused": "#57606a", "test": "#57606a"}
# The characters that have a meaning in CommonMark and its relatives, unless a backslash precedes them.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~&.])")

_NAMED = 3  # checks on which one depends

Fact = tuple[str, str]


def title(alert_message: AlertMessage) -> str:
    """One line without controls: what happened to which check."""
    return f"{_HEADLINES[alert_message.event]}: {label(alert_message)}"


def label(alert_message: AlertMessage) -> str:
    """The check's name for people, in one line. Never its uuid: whoever knows that can ping the check."""
    return name_of(alert_message.check)


def name_of(check: Check) -> str:
    """What people know a check by, in one line."""
    return one_line(check.name or check.slug) or "a check without a name"


def link(alert_message: AlertMessage) -> str:
    """Where more can be seen. Nobody can ping the check by what is in there."""
    about = alert_message.check
    if about.badge == about.id:
        # No check: a channel stands in its place, in tests and when it was disabled.
        return f"{alert_message.base_url}/p/{about.project}/channels/{about.id}"
    return f"{alert_message.base_url}/checks/{unique_key(about.id)}"


def sentence(alert_message: AlertMessage) -> str:
    """What happened, in one line. Holds the check's name unescaped."""
    name = f"“{label(alert_message)}”"
    match alert_message.event:
        case "down":
            return f"{name} is DOWN: {_cause(alert_message)}."
        case "up":
            return f"{name} is UP again{_after(alert_message, 'down')}."
        case "start-too-long":
            return f"{name} has started but did not finish within {_run_limit(alert_message)}."
        case "paused":
            return f"{name} is PAUSED: no alerts will be sent for it until it is resumed or pinged."
        case "reminder":
            return f"{name} is still DOWN, for {duration(alert_message.now - alert_message.happened)} now."
        case "test":
            return f"This is a test: alerts about {name} will arrive here."
        case "channel-disabled":
            return f"{name} is a channel that is DISABLED now: nobody is notified by it any more."


def facts(alert_message: AlertMessage) -> list[Fact]:
    """Further facts, each with its label and in one line. Values are unescaped."""
    check = alert_message.check
    found: list[Fact] = []
    if alert_message.project:
        found.append(("Project", one_line(alert_message.project)))
    if tags := check.tag_list():
        found.append(("Tags", one_line(" ".join(tags))))
    if alert_message.event != "test":
        found.append(("Since", moment(alert_message, alert_message.happened)))
    if alert_message.event == "down" and alert_message.since is not None:
        found.append(("Was up for", duration(alert_message.happened - alert_message.since)))
    found += _dependencies(alert_message)
    if alert_message.event == "channel-disabled":
        return [*found, ("Error", one_line(alert_message.reason))]
    if check.kind != "simple":
        found.append(("Schedule", f"{one_line(check.schedule, 100)} ({check.tz})"))
    if alert_message.last_ping is not None:
        found.append(("Last ping", _ping(alert_message, alert_message.last_ping)))
        if alert_message.last_ping.subject:
            found.append(("Subject", one_line(alert_message.last_ping.subject)))
    elif not check.n_pings:  # otherwise it is not kept any more
        found.append(("Last ping", "never"))
    return found


def _dependencies(alert_message: AlertMessage) -> list[Fact]:
    found: list[Fact] = []
    if down := alert_message.down_above:
        names = [name_of(one) for one in down[:_NAMED]] + ["others"] * (len(down) > _NAMED)
        found.append(("Depends on", f"{', '.join(names)}, which {'is' if len(names) == 1 else 'are'} down"))
    if number := alert_message.dependents:
        checks, they = ("1 check", "it is") if number == 1 else (f"{number} checks", "they are")
        found.append(("Depends on it", f"{checks}; messages that {they} down are held back"))
    return found


def plain(alert_message: AlertMessage) -> str:
    """The whole message as text."""
    lines = [sentence(alert_message), ""]
    lines += [f"{name}: {value}" for name, value in facts(alert_message)]
    if body := alert_message.body_preview:
        lines += ["", "It said:", body]
    return "\n".join([*lines, "", link(alert_message)])


def markdown(alert_message: AlertMessage) -> str:
    """The whole message in CommonMark."""
    parts = [f"**{escape_markdown(sentence(alert_message))}**"]
    parts.append("\n".join(f"- {name}: {escape_markdown(value)}" for name, value in facts(alert_message)))
    if body := alert_message.body_preview:
        parts.append(_fenced(body))
    return "\n\n".join([*parts, f"[Details]({link(alert_message)})"])


def html(alert_message: AlertMessage) -> str:
    """The whole message as the inside of an HTML body; styles inline, as mail readers want them."""
    colour = _COLOURS.get(alert_message.event, _RED)
    headline = _escaped(sentence(alert_message))
    parts = [f'<p style="font-size:18px;font-weight:bold;color:{colour}">{headline}</p>']
    rows = "".join(
        f'<tr><th style="text-align:left;padding:2px 16px 2px 0;color:#57606a">{name}</th>'
        f"<td>{_escaped(value)}</td></tr>"
        for name, value in facts(alert_message)
    )
    parts.append(f"<table>{rows}</table>")
    if body := alert_message.body_preview:
        parts.append(
            '<p>It said:</p><pre style="background:#f6f8fa;padding:8px;white-space:pre-wrap">'
            f"{_escaped(body)}</pre>"
        )
    address = _escaped(link(alert_message))
    return "\n".join([*parts, f'<p><a href="{address}">{address}</a></p>'])


def escape_markdown(text: str) -> str:
    """`text` such that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def moment(alert_message: AlertMessage, at: datetime) -> str:
    """A moment in UTC, and in the time zone of the check's schedule where it has another one."""
    utc = at.astimezone(UTC)
    text = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if alert_message.check.kind == "simple" or alert_message.check.tz in ("UTC", "Etc/UTC"):
        return text
    try:
        local = utc.astimezone(zone(alert_message.check.tz))
    except ValueError:  # a name that tzdata had when it was stored
        return text
    day = "" if local.date() == utc.date() else f"{local:%Y-%m-%d} "
    return f"{text} ({day}{local:%H:%M:%S} {alert_message.check.tz})"


def duration(length: timedelta) -> str:
    """A length of time in its two greatest units: "3 d 4 h", "59 s"; less than a second is "0 s"."""
    seconds = max(int(length.total_seconds()), 0)
    counts = [
        (seconds // 86400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    ]
    while counts and not counts[0][0]:
        counts.pop(0)
    return " ".join(f"{count} {unit}" for count, unit in counts[:2] if count) or "0 s"


def _cause(alert_message: AlertMessage) -> str:
    ping = alert_message.last_ping
    if alert_message.reason == "fail" and ping is not None and ping.exit_status:
        return f"its job has failed with exit status {ping.exit_status}"
    if alert_message.reason == "fail":
        return "its job has reported a failure"
    if alert_message.reason == "too-short":
        return _too_short(alert_message)
    if alert_message.reason == "timeout":
        return "no success was reported in time"
    return "its status has changed"


def _too_short(alert_message: AlertMessage) -> str:
    took = duration(timedelta(seconds=alert_message.took or 0))
    if seconds := alert_message.check.min_runtime:
        return f"it finished after {took}, sooner than the minimum of {duration(timedelta(seconds=seconds))}"
    return f"it finished too soon, after {took}"


def _run_limit(alert_message: AlertMessage) -> str:
    if seconds := alert_message.check.max_runtime:
        return f"the {duration(timedelta(seconds=seconds))} that it may take"
    return "its grace time"


def _after(alert_message: AlertMessage, what: str) -> str:
    if alert_message.since is None:
        return ""
    return f" after {duration(alert_message.happened - alert_message.since)} {what}"


def _ping(alert_message: AlertMessage, ping: Ping) -> str:
    how = f"{ping.scheme.upper()} {one_line(ping.method, 10)}".strip() if ping.scheme != "email" else "email"
    parts = [f"#{ping.n} {_PING_TYPES[ping.type]}", moment(alert_message, ping.at), f"by {how}"]
    origin = one_line(ping.sender or ping.remote_addr)
    if origin:
        parts.append(f"from {origin}")
    if ping.exit_status is not None:
        parts.append(f"exit status {ping.exit_status}")
    return ", ".join(parts)


def _fenced(body: str) -> str:
    """A code block that nothing inside can end: its fence is longer than any run of backticks there."""
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{body}\n{fence}"


_escaped: Callable[[str], str] = markup.escape
