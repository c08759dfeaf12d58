"""The fields of each service that Apprise reaches, and how they become its Apprise URL and the reverse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from hcserver.domain.uuids import UUID_PATTERN
from hcserver.notify.apprise.declared_form import Declaration, field, keyed, layout, webhook
from hcserver.notify.target_form import TargetForm, Values

_HOST: Final = r"(?:[A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?"
_PATH: Final = r"(?:/[^/?\s]+)*"
_SERVER: Final = rf"https?://{_HOST}/?"
_CREDENTIAL: Final = r"[^/@?:#\s]+"


def form_of(kind: str, normalise: Callable[[str], str]) -> TargetForm:
    """The form of the kind of this name, whose targets `normalise` checks."""
    return _DECLARATIONS[kind].form(normalise)


def _ntfy_target(values: Values) -> str:
    scheme, _, host = values["server"].rstrip("/").partition("://")
    login = f"{quote(values['user'], safe='')}:" if values["user"] else ""
    credentials = f"{login}{quote(values['secret'], safe='')}@" if values["secret"] else ""
    return f"{scheme}://{credentials}{host}/{values['topic']}"


def _telegram_target(values: Values) -> str:
    topic = f":{values['topic']}" if values["topic"] else ""
    return f"{values['token']}/{values['chat']}{topic}"


def _matrix_target(values: Values) -> str:
    scheme, _, host = values["server"].rstrip("/").partition("://")
    return f"{scheme}://{values['token']}@{host}/{values['room']}"


def _slash(name: str, values: Values) -> str:
    return f"/{values[name]}" if values[name] else ""


def _server_then(values: Values, *names: str) -> str:
    return "/".join([values["server"].rstrip("/"), *(values[name] for name in names)])


_SERVER_FIELD: Final = field("server", "Server", _SERVER, "https://push.example.org", type="url")
_DEVICE: Final = "Without one, all your devices get the message."

_DECLARATIONS: Final[dict[str, Declaration]] = {
    "slack": webhook(
        "Slack",
        "A message in a Slack channel.",
        "Create an app with incoming webhooks for your workspace, and copy the webhook's URL.",
        r"https://hooks\.slack(?:-gov)?\.com/services(?:/[A-Za-z0-9]+){3}/?",
        "https://hooks.slack.com/services/T0123/B0123/abcdef",
        layout(
            r"slack://(?P<_a>\w+)/(?P<_b>\w+)/(?P<_c>\w+)",
            url="https://hooks.slack.com/services/{_a}/{_b}/{_c}",
        ),
        layout(
            r"slack://(?P<_a>\w+)/(?P<_b>\w+)/(?P<_c>\w+)\?mode=gov-hook",
            url="https://hooks.slack-gov.com/services/{_a}/{_b}/{_c}",
        ),
    ),
    "discord": webhook(
        "Discord",
        "A message in a Discord channel.",
        "Edit channel, Integrations, Webhooks, Copy webhook URL; ?thread_id=… at its end for a thread.",
        r"https://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[\w-]+/?(?:\?thread_id=\d+)?",
        "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        layout(
            r"discord://(?P<_id>\d+)/(?P<_token>[\w-]+)",
            url="https://discord.com/api/webhooks/{_id}/{_token}",
        ),
        layout(
            r"discord://(?P<_id>\d+)/(?P<_token>[\w-]+)\?thread=(?P<_thread>\d+)",
            url="https://discord.com/api/webhooks/{_id}/{_token}?thread_id={_thread}",
        ),
    ),
    "telegram": Declaration(
        "Telegram",
        "A message of your bot in a chat or channel.",
        (
            field(
                *("token", "Bot token", r"\d+:[\w-]{20,}", "123456789:AbCdEfGhIjKlMnOpQrStUvWxYz012345678"),
                help="The token that @BotFather gave your bot.",
                type="secret",
            ),
            field(
                *("chat", "Chat", r"@?[\w-]+", "-1001234567890"),
                help="The id of a chat that the bot is in, or the @name of a public channel.",
            ),
            field("topic", "Topic", r"\d+", "77", help="The number of a topic in the chat.", required=False),
        ),
        _telegram_target,
        (layout(r"tgram://(?P<token>\d+:[\w-]+)/(?P<chat>@?[\w-]+)(?::(?P<topic>\d+))?"),),
    ),
    "ntfy": Declaration(
        "ntfy",
        "A message to your phone, by the ntfy app.",
        (
            field(
                *("topic", "Topic", r"[\w-]{1,64}", "backups-x7Qp2"),
                help="Who knows a topic on ntfy.sh can read it: take one that nobody guesses.",
            ),
            field(
                *("server", "Server", _SERVER, "https://ntfy.example.org"),
                type="url",
                required=False,
                default="https://ntfy.sh",
            ),
            field("user", "User", r"\S+", "anna", required=False),
            field(
                *("secret", "Password or access token", r"\S+", "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"),
                type="secret",
                required=False,
            ),
        ),
        _ntfy_target,
        (
            layout(
                rf"ntfy(?P<_s>s?)://(?:(?:(?P<user>{_CREDENTIAL}):)?(?P<secret>{_CREDENTIAL})@)?"
                rf"(?P<_host>{_HOST})/(?P<topic>[\w-]{{1,64}})\?mode=private",
                server="http{_s}://{_host}",
            ),
        ),
    ),
    "pushover": Declaration(
        "Pushover",
        "A message to your phone, by Pushover.",
        (
            field("user", "User key", r"\w{30}", "uQiRzpo4DXghDmr9QzzfQu27cmVRsG", type="secret"),
            field("token", "Application token", r"\w{30}", "azGDORePK8gMaC0QOYAMyEEuzJnyUi", type="secret"),
            field("device", "Device", r"[\w-]{1,25}", "phone", help=_DEVICE, required=False),
        ),
        lambda values: f"{values['user']}@{values['token']}{_slash('device', values)}",
        (layout(r"pover://(?P<user>\w{30})@(?P<token>\w{30})(?:/(?P<device>[\w-]{1,25}))?"),),
    ),
    "pushbullet": Declaration(
        "Pushbullet",
        "A message to your devices, by Pushbullet.",
        (
            field(
                *("token", "Access token", r"o\.\w{20,}|\w{30,}", "o.AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
                type="secret",
            ),
            field(
                *("to", "Device, email address or #channel", r"[^/?%\s]+", "#ops"),
                help=_DEVICE,
                required=False,
            ),
        ),
        lambda values: values["token"] + _slash("to", values),
        (layout(r"pbul://(?P<token>[\w.]+)(?:/(?P<to>[^/?\s]+))?"),),
    ),
    "gotify": Declaration(
        "Gotify",
        "A message by a Gotify server.",
        (
            field(
                *("server", "Server", rf"https?://{_HOST}{_PATH}/?", "https://gotify.example.org"), type="url"
            ),
            field("token", "Application token", r"[\w.-]+", "AbCdEf123456789", type="secret"),
        ),
        lambda values: _server_then(values, "token"),
        (
            layout(
                rf"gotify(?P<_s>s?)://(?P<_place>{_HOST}{_PATH})/(?P<token>[\w.-]+)",
                server="http{_s}://{_place}",
            ),
        ),
    ),
    "matrix": Declaration(
        "Matrix",
        "A message in a Matrix room that is not encrypted.",
        (
            field("server", "Home server", _SERVER, "https://matrix.example.org", type="url"),
            field(
                *("token", "Access token", r"[\w.=~-]+", "syt_AbCdEf"),
                help="In Element: Settings, Help & About.",
                type="secret",
            ),
            field(
                *("room", "Room", r"[#!][^/?%\s]+", "#ops"),
                help="The alias or the id of a room that the account is in.",
            ),
        ),
        _matrix_target,
        (
            layout(
                rf"matrix(?P<_s>s?)://(?P<token>[\w.=~-]+)@(?P<_host>{_HOST})/(?P<room>[^/?]+)",
                server="http{_s}://{_host}",
            ),
        ),
    ),
    "mattermost": webhook(
        "Mattermost",
        "A message in a Mattermost channel.",
        "The URL of an incoming webhook.",
        rf"https?://{_HOST}{_PATH}/hooks/\w+/?",
        "https://chat.example.org/hooks/abcdefghijklmnopqrstuvwxyz",
        layout(
            rf"mmost(?P<_s>s?)://(?P<_place>{_HOST}{_PATH})/(?P<_token>\w+)",
            url="http{_s}://{_place}/hooks/{_token}",
        ),
    ),
    "msteams": webhook(
        "Microsoft Teams",
        "A card in a Teams channel.",
        "Workflows, Post to a channel when a webhook request is received: the URL that it shows at the end.",
        r"https://\S+/workflows/\S+",
        "https://prod-1.westeurope.logic.azure.com:443/workflows/0123abcd/triggers/manual/paths/invoke"
        "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=AbCdEf",
        layout(
            rf"workflows://(?P<_host>{_HOST})/(?P<_id>[\w-]+)/(?P<_sig>[\w.~%-]+)\?api-version=(?P<_version>[\w.-]+)",
            url="https://{_host}/workflows/{_id}/triggers/manual/paths/invoke"
            "?api-version={_version}&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={_sig}",
        ),
    ),
    "googlechat": webhook(
        "Google Chat",
        "A message in a Google Chat space.",
        "In the space: Apps & integrations, Webhooks.",
        r"https://chat\.googleapis\.com/v1/spaces/\S+",
        "https://chat.googleapis.com/v1/spaces/AAAAbbbbCCC/messages?key=AbC&token=dEf",
        layout(
            r"gchat://(?P<_space>[\w-]+)/(?P<_key>[\w%.-]+)/(?P<_token>[\w%.=-]+)",
            url="https://chat.googleapis.com/v1/spaces/{_space}/messages?key={_key}&token={_token}",
        ),
    ),
    "rocketchat": webhook(
        "Rocket.Chat",
        "A message in a Rocket.Chat room.",
        "Administration, Integrations, New, Incoming: the webhook's URL.",
        rf"https?://{_HOST}/hooks(?:/[A-Za-z0-9]+){{2}}/?",
        "https://chat.example.org/hooks/5f3a0123/AbCdEf0123456789",
        layout(
            rf"rocket(?P<_s>s?)://(?P<_a>\w+)%2F(?P<_b>\w+)@(?P<_host>{_HOST})/\?mode=webhook",
            url="http{_s}://{_host}/hooks/{_a}/{_b}",
        ),
    ),
    "opsgenie": keyed(
        "Opsgenie",
        "An alert that closes when the check is up again.",
        field(
            *("key", "API key", UUID_PATTERN, "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"),
            help="The key of an API integration.",
            type="secret",
        ),
        layout(rf"opsgenie://(?P<key>{UUID_PATTERN})", region="us"),
        layout(rf"opsgenie://(?P<key>{UUID_PATTERN})/\?region=eu", region="eu"),
    ),
    "pagerduty": keyed(
        "PagerDuty",
        "An incident that is resolved when the check is up again.",
        field(
            *("key", "Integration key", r"\w{32}", "0123456789abcdef0123456789abcdef"),
            help="The integration key of a service's Events API v2.",
            type="secret",
        ),
        layout(r"pagerduty://(?P<key>\w{32})@(?P=key)", region="us"),
        layout(r"pagerduty://(?P<key>\w{32})@(?P=key)/\?region=eu", region="eu"),
    ),
    "signal": Declaration(
        "Signal",
        "A message by a signal-cli-rest-api server.",
        (
            _SERVER_FIELD,
            field("sender", "Sender's number", r"\+?\d{6,15}", "+491511234567"),
            field("receiver", "Receiver's number or group", r"[^/?%#\s]{3,}", "+491527654321"),
        ),
        lambda values: _server_then(values, "sender", "receiver"),
        (
            layout(
                rf"signal(?P<_s>s?)://(?P<_host>{_HOST})/(?P<sender>\+?\d{{6,15}})/(?P<receiver>[^/?]+)",
                server="http{_s}://{_host}",
            ),
        ),
    ),
    "zulip": Declaration(
        "Zulip",
        "A message in a Zulip channel, with one topic for each check.",
        (
            field(
                *("bot", "Bot's email address", r"[\w.-]+@[\w.-]+", "hc-bot@example.zulipchat.com"),
                type="email",
            ),
            field("key", "API key", r"\w{32}", "AbCdEfGhIjKlMnOpQrStUvWxYz012345", type="secret"),
            field("channel", "Channel, or a user's email address", r"[^/?%#\s]+", "ops"),
        ),
        lambda values: f"{values['bot']}/{values['key']}/{values['channel']}",
        (layout(r"zulip://(?P<bot>[\w.-]+@[\w.-]+)/(?P<key>\w{32})/(?P<channel>[^/?]+)"),),
    ),
    "sms": Declaration(
        "SMS",
        "A text message by Twilio.",
        (
            field("sid", "Account SID", r"AC\w{32}", "AC0123456789abcdef0123456789abcdef"),
            field("token", "Auth token", r"\w{32}", "0123456789abcdef0123456789abcdef", type="secret"),
            field("sender", "Sender's number", r"\+?\d{5,15}", "+15550001111"),
            field("receiver", "Receiver's number", r"\+?\d{6,15}", "+15552223333"),
        ),
        lambda values: f"{values['sid']}:{values['token']}@{values['sender']}/{values['receiver']}",
        (
            layout(
                r"twilio://(?P<sid>AC\w{32}):(?P<token>\w{32})@(?P<sender>\+?\d{5,15})/(?P<receiver>\+?\d{6,15})"
            ),
        ),
    ),
    "apprise": Declaration(
        "Apprise",
        "Any other service that Apprise reaches.",
        (
            field(
                *("url", "Apprise URL", r"[A-Za-z][A-Za-z0-9]+://\S+", "bark://api.day.app/AbCdEfGhIjKlMn"),
                help="As https://appriseit.com/services/ describes it for the service.",
                type="secret",
            ),
        ),
        lambda values: values["url"],
        (),
        whole=False,
    ),
}
