"""The services that Apprise reaches: what people have at hand to name a place there, and its Apprise URL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hcserver.domain.uuids import UUID_PATTERN
from hcserver.notify.apprise import rendering as texts
from hcserver.notify.apprise.rendering import Compose
from hcserver.notify.apprise.url import MAX_LENGTH, tidied

_HOST = r"(?:[A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?"
_CLEAR_HOST = r"(?:[A-Za-z0-9][\w-]*(?:\.[\w-]+)+|localhost|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?"
_LOGIN = r"[^/@?]+@"
_PATH = r"(?:/[^/?]+)*"
_END = r"/?(?:\?.*)?"  # of an Apprise URL: Apprise knows the options of its services


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a target, and what is made of it: in `into`, names in braces are groups of `pattern`."""

    pattern: re.Pattern[str]
    into: str

    @classmethod
    def of(cls, pattern: str, into: str) -> Form:
        return cls(re.compile(pattern), into)

    def apply(self, target: str) -> str | None:
        """None if the target is not written in this way."""
        match = self.pattern.fullmatch(target)
        if match is None:
            return None
        return self.into.format_map({name: text or "" for name, text in match.groupdict().items()})


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of channel. `own` are the ways to write targets that people know from the service, each with
    the Apprise URL that it becomes; `masks` are the Apprise URLs that fit, each with what all may see of it.
    """

    name: str
    needs: str
    compose: Compose
    own: tuple[Form, ...]
    masks: tuple[Form, ...]

    def url(self, target: str) -> str:
        """The Apprise URL. Raises ValueError that says what is wrong and repeats nothing of the target."""
        if len(target) > MAX_LENGTH:
            raise ValueError(f"it is longer than {MAX_LENGTH} characters")
        written = next((url for form in self.own if (url := form.apply(target)) is not None), target)
        if "://" not in written or written.lower().startswith(("http://", "https://")):
            raise ValueError("it is not written like that")
        url = tidied(written)
        if not any(form.pattern.fullmatch(url) for form in self.masks):
            raise ValueError("it is not written like that")
        return url

    def masked(self, url: str) -> str:
        """The Apprise URL without what is secret in it; nothing but its scheme if it does not fit."""
        found = next((mask for form in self.masks if (mask := form.apply(url)) is not None), None)
        if found is not None:
            return found
        scheme, separator, _ = url.partition("://")
        return f"{scheme}://****" if separator and scheme.isalnum() else "****"


def _service(name: str, needs: str, compose: Compose, own: dict[str, str], masks: dict[str, str]) -> Service:
    return Service(
        name=name,
        needs=needs,
        compose=compose,
        own=tuple(Form.of(pattern, into) for pattern, into in own.items()),
        masks=tuple(Form.of(pattern + _END, into) for pattern, into in masks.items()),
    )


SLACK = _service(
    "slack",
    "the URL of an incoming webhook, such as https://hooks.slack.com/services/T0123/B0123/abcdef",
    texts.slack,
    {
        r"https://hooks\.slack\.com/services/(?P<a>\w+)/(?P<b>\w+)/(?P<c>\w+)/?": "slack://{a}/{b}/{c}",
        r"https://hooks\.slack-gov\.com/services/(?P<a>\w+)/(?P<b>\w+)/(?P<c>\w+)/?": (
            "slack://{a}/{b}/{c}?mode=gov-hook"
        ),
    },
    {
        rf"slack://(?:{_LOGIN})?(?P<team>[A-Za-z0-9]+)/[A-Za-z0-9]+/[A-Za-z0-9]+(?P<to>{_PATH})": (
            "slack://{team}/****{to}"
        ),
        rf"slack://(?:{_LOGIN})?(?:xoxe\.)?xox[abp]-[\w-]+(?P<to>{_PATH})": "slack://****{to}",
    },
)
_DISCORD = r"https://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(?P<id>\d+)/(?P<token>[\w-]+)/?"
DISCORD = _service(
    "discord",
    "the URL of a webhook, such as https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    texts.discord,
    {
        _DISCORD: "discord://{id}/{token}",
        _DISCORD + r"\?thread_id=(?P<thread>\d+)": "discord://{id}/{token}?thread={thread}",
    },
    {rf"discord://(?:{_LOGIN})?(?P<id>\d+)/[\w-]+": "discord://{id}/****"},
)
TELEGRAM = _service(
    "telegram",
    "the bot's token and the id or @name of the chat, such as "
    "123456789:AbCdEfGhIjKlMnOpQrStUvWxYz012345678/-1001234567890",
    texts.telegram,
    {r"(?P<token>\d+:[\w-]{20,})/(?P<chat>@?[\w-]+(?::\d+)?)": "tgram://{token}/{chat}"},
    {r"tgram://(?P<bot>\d+):[\w-]+(?P<chats>(?:/[^/?]+)+)": "tgram://{bot}:****{chats}"},
)
_NTFY = rf"(?P<login>{_LOGIN})?(?P<host>{_HOST})/(?P<topic>[\w-]{{1,64}})/?"
NTFY = _service(
    "ntfy",
    "a topic on ntfy.sh, such as backups-x7Qp2, or its URL, such as https://ntfy.example.org/backups, "
    "with user:password@ or token@ before the host if it needs one",
    texts.ntfy,
    {
        # Without the mode, a host that Apprise does not recognise as one would be a topic on ntfy.sh.
        r"(?P<topic>[\w-]{1,64})": "ntfys://ntfy.sh/{topic}?mode=private",
        rf"https://{_NTFY}": "ntfys://{login}{host}/{topic}?mode=private",
        rf"http://{_NTFY}": "ntfy://{login}{host}/{topic}?mode=private",
    },
    {
        # On a server without accounts, who knows a topic can read it and write to it. Without a mode, what is
        # not clearly a host is a topic, too.
        rf"ntfy(?P<s>s?)://(?:{_LOGIN})?(?P<host>{_HOST})/(?P<head>[^/?]{{1,2}})[^?]*"
        rf"(?=\?(?:.*&)?mode=private)": "ntfy{s}://{host}/{head}****",
        rf"ntfy(?P<s>s?)://(?:{_LOGIN})?(?P<host>{_CLEAR_HOST})/(?P<head>[^/?]{{1,2}})[^?]*": (
            "ntfy{s}://{host}/{head}****"
        ),
        rf"ntfy(?P<s>s?)://(?:{_LOGIN})?(?P<head>[\w-]{{1,2}})[^?]*/[^?]*": "ntfy{s}://{head}****",
        r"ntfys?://(?P<head>[\w-]{1,2})[\w-]*": "ntfys://ntfy.sh/{head}****",
    },
)
PUSHOVER = _service(
    "pushover",
    "the user key and the application's token, such as "
    "uQiRzpo4DXghDmr9QzzfQu27cmVRsG@azGDORePK8gMaC0QOYAMyEEuzJnyUi, "
    "with /device behind it unless all devices are to have it",
    texts.pushover,
    {r"(?P<user>\w{30})@(?P<app>\w{30})(?P<device>/[\w-]{1,25})?": "pover://{user}@{app}{device}"},
    {rf"pover://(?P<head>\w{{3}})\w+@\w+(?P<devices>{_PATH})": "pover://{head}****@****{devices}"},
)
PUSHBULLET = _service(
    "pushbullet",
    "an access token, such as o.AbCdEfGhIjKlMnOpQrStUvWxYz012345, "
    "with /device, /email or /#channel behind it unless all devices are to have it",
    texts.plain,
    {r"(?P<token>o\.\w{20,}|\w{30,})(?P<to>/[^/?\s]+)?": "pbul://{token}{to}"},
    {rf"pbul://[\w.]+(?P<to>{_PATH})": "pbul://****{to}"},
)
GOTIFY = _service(
    "gotify",
    "the server's URL with the application's token behind it, such as "
    "https://gotify.example.org/AbCdEf123456789",
    texts.push_markdown,
    {
        rf"https://(?P<place>{_HOST}{_PATH})/(?P<token>[\w.-]+)/?": "gotifys://{place}/{token}",
        rf"http://(?P<place>{_HOST}{_PATH})/(?P<token>[\w.-]+)/?": "gotify://{place}/{token}",
    },
    {rf"gotify(?P<s>s?)://(?P<place>{_HOST}{_PATH})/[\w.-]+": "gotify{s}://{place}/****"},
)
_MATRIX = rf"(?P<login>{_LOGIN})(?P<host>{_HOST})/(?P<room>(?:[#!]|%23|%21)[^/?]+)/?"
MATRIX = _service(
    "matrix",
    "an access token (or user:password), the server and the room, such as "
    "syt_AbCdEf@matrix.example.org/#ops or hc:password@matrix.example.org/!AbCdEf:example.org",
    texts.matrix,
    {
        rf"(?:https://)?{_MATRIX}": "matrixs://{login}{host}/{room}",
        rf"http://{_MATRIX}": "matrix://{login}{host}/{room}",
        r"https://webhooks\.t2bot\.io/api/v1/matrix/hook/(?P<token>[\w-]+)/?": (
            "matrixs://{token}/?mode=t2bot"
        ),
    },
    {
        rf"matrix(?P<s>s?)://(?P<user>[^/@:?]+:)?[^/@?]+@(?P<host>{_HOST})(?P<rooms>{_PATH})": (
            "matrix{s}://{user}****@{host}{rooms}"
        ),
        r"matrixs?://[\w-]+": "matrixs://****",
    },
)
_HOOK = rf"(?P<place>{_HOST}{_PATH})/hooks/"
MATTERMOST = _service(
    "mattermost",
    "the URL of an incoming webhook, such as https://chat.example.org/hooks/abcdefghijklmnopqrstuvwxyz",
    texts.chat,
    {
        rf"https://{_HOOK}(?P<token>\w+)/?": "mmosts://{place}/{token}",
        rf"http://{_HOOK}(?P<token>\w+)/?": "mmost://{place}/{token}",
    },
    {rf"mmost(?P<s>s?)://(?:{_LOGIN})?(?P<place>{_HOST}{_PATH})/\w+": "mmost{s}://{place}/****"},
)
_FLOW = (
    r"(?:/cu/(?P<route>\d+))?/workflows/(?P<id>[\w-]+)/triggers/manual/paths/invoke/?"
    r"\?(?=(?:.*&)?api-version=(?P<version>[\w.-]+))(?=(?:.*&)?sig=(?P<sig>[\w.~%-]+)).*"
)
MSTEAMS = _service(
    "msteams",
    "the URL of a workflow that posts to a channel when a webhook request is received, such as "
    "https://prod-1.westeurope.logic.azure.com:443/workflows/0123abcd/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=AbCdEf",
    texts.card,
    {
        rf"https://(?P<host>{_HOST}){_FLOW}": "workflows://{host}/{id}/{sig}?api-version={version}",
        rf"https://(?P<host>{_HOST})/powerautomate/automations/direct{_FLOW}": (
            "workflows://{host}/{id}/{sig}?api-version={version}&pa=yes&route={route}"
        ),
    },
    {rf"workflows?://(?P<host>{_HOST})/[\w-]+/[^/?]+": "workflows://{host}/****"},
)
GOOGLECHAT = _service(
    "googlechat",
    "the URL of a webhook, such as "
    "https://chat.googleapis.com/v1/spaces/AAAAbbbbCCC/messages?key=AbC&token=dEf",
    texts.chat,
    {
        r"https://chat\.googleapis\.com/v1/spaces/(?P<space>[\w-]+)/messages/?"
        r"\?(?=(?:.*&)?key=(?P<key>[\w%.-]+))(?=(?:.*&)?token=(?P<token>[\w%.=-]+)).*": (
            "gchat://{space}/{key}/{token}"
        )
    },
    {r"gchat://(?P<space>[\w-]+)/[^/?]+/[^/?]+(?:/[^/?]+)?": "gchat://{space}/****"},
)
_ROCKET = r"[a-zA-Z0-9]+(?:/|%2[Ff])[a-zA-Z0-9]+"
ROCKETCHAT = _service(
    "rocketchat",
    "the URL of an incoming webhook, such as https://chat.example.org/hooks/5f3a0123/AbCdEf0123456789",
    texts.chat,
    {
        rf"https://(?P<host>{_HOST})/hooks/(?P<a>\w+)/(?P<b>\w+)/?": "rockets://{a}%2F{b}@{host}/?mode=webhook",
        rf"http://(?P<host>{_HOST})/hooks/(?P<a>\w+)/(?P<b>\w+)/?": "rocket://{a}%2F{b}@{host}/?mode=webhook",
    },
    {
        rf"rocket(?P<s>s?)://(?:[^/@:?]+:)?{_ROCKET}@(?P<host>{_HOST})(?P<to>{_PATH})": (
            "rocket{s}://****@{host}{to}"
        ),
        rf"rocket(?P<s>s?)://(?P<user>[^/@:?]+):[^/@?]+@(?P<host>{_HOST})(?P<to>{_PATH})": (
            "rocket{s}://{user}:****@{host}{to}"
        ),
    },
)
OPSGENIE = _service(
    "opsgenie",
    "the key of an API integration, such as 0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f, "
    "with eu: before it for an account in the EU",
    texts.opsgenie,
    {
        rf"(?P<key>{UUID_PATTERN})": "opsgenie://{key}",
        rf"eu:(?P<key>{UUID_PATTERN})": "opsgenie://{key}/?region=eu",
    },
    {rf"opsgenie://(?:{_LOGIN})?[\w-]+(?P<to>{_PATH})": "opsgenie://****{to}"},
)
PAGERDUTY = _service(
    "pagerduty",
    "the integration key of a service (Events API v2), such as 0123456789abcdef0123456789abcdef, "
    "with eu: before it for an account in the EU",
    texts.pagerduty,
    {
        # Apprise wants an API key as well; the Events API looks at the first alone.
        r"(?P<key>\w{32})": "pagerduty://{key}@{key}",
        r"eu:(?P<key>\w{32})": "pagerduty://{key}@{key}/?region=eu",
    },
    {rf"pagerduty://\w+@\w+(?P<to>{_PATH})": "pagerduty://****{to}"},
)
_TO = r"(?:/[^/?]+)*?/[^/?]*?(?P<tail>[^/?]{3})"
_NUMBER = r"\+?\d{6,15}"
SIGNAL = _service(
    "signal",
    "the URL of a signal-cli-rest-api server, the sender's number and the receiver's number or group, "
    "such as https://signal.example.org:8080/+491511234567/+491527654321",
    texts.signal,
    {
        rf"https://(?P<place>(?:{_LOGIN})?{_HOST})/(?P<from>{_NUMBER})/(?P<to>[^/?]+)/?": (
            "signals://{place}/{from}/{to}"
        ),
        rf"http://(?P<place>(?:{_LOGIN})?{_HOST})/(?P<from>{_NUMBER})/(?P<to>[^/?]+)/?": (
            "signal://{place}/{from}/{to}"
        ),
    },
    {
        rf"signal(?P<s>s?)://(?:{_LOGIN})?(?P<host>{_HOST})/{_NUMBER}{_TO}": (
            "signal{s}://{host}/****/****{tail}"
        )
    },
)
ZULIP = _service(
    "zulip",
    "a bot's email address, its API key and the channel, such as "
    "hc-bot@example.zulipchat.com/AbCdEfGhIjKlMnOpQrStUvWxYz012345/ops",
    texts.zulip,
    {
        r"(?P<bot>[\w.-]+)@(?P<place>[\w.-]+)/(?P<key>\w{32})/(?P<stream>[^/?]+)": (
            "zulip://{bot}@{place}/{key}/{stream}"
        )
    },
    {
        rf"zulip://(?P<bot>[\w.-]+)@(?P<place>[\w.-]+)/\w{{32}}(?P<to>{_PATH})": "zulip://{bot}@{place}/****{to}"
    },
)
SMS = _service(
    "sms",
    "a Twilio account's SID and token, the sender's and the receiver's number, such as "
    "AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@+15550001111/+15552223333",
    texts.sms,
    {
        r"(?P<sid>AC\w{32}):(?P<token>\w{32})@\+?(?P<from>\d{5,15})/\+?(?P<to>\d{6,15})": (
            "twilio://{sid}:{token}@{from}/{to}"
        )
    },
    {
        rf"twilio://(?P<sid>AC\w{{4}})\w+:\w+@(?P<from>[+\d]+){_TO}": (
            "twilio://{sid}****:****@{from}/****{tail}"
        )
    },
)
APPRISE = _service(
    "apprise",
    "any other Apprise URL (https://appriseit.com/services/), such as bark://api.day.app/AbCdEfGhIjKlMn",
    texts.plain,
    {},
    # What is secret in there is for Apprise to know: nothing is shown.
    {r"(?P<scheme>[a-z][a-z0-9]+)://[^?]+": "{scheme}://****"},
)

SERVICES = (
    *(SLACK, DISCORD, TELEGRAM, NTFY, PUSHOVER, PUSHBULLET, GOTIFY, MATRIX, MATTERMOST, MSTEAMS, GOOGLECHAT),
    *(ROCKETCHAT, OPSGENIE, PAGERDUTY, SIGNAL, ZULIP, SMS, APPRISE),
)
