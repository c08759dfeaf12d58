"""What goes over the wire for every kind, and what is made of the answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from requests import ConnectTimeout, PreparedRequest, ReadTimeout, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import SSLError

from hcserver.notify.alert_message import MessageEvent
from hcserver.notify.apprise.delivery import deliver
from hcserver.notify.apprise.messages import AppriseRequest, AppriseResult, Message
from hcserver.notify.apprise.transport import APPRISE_KINDS
from tests.hcserver.notify.alert_messages import alert_message, ping
from tests.hcserver.notify.apprise import plugins

CHANNEL_KINDS = {kind.name: kind for kind in APPRISE_KINDS}
UUID = "11111111-2222-4333-8444-555555555555"
LINK = "https://hc.example.org/checks/93e280839e4aab2dee0d62b93359405648026a10"
DETAILS = f"[Details]({LINK})"
TOKEN = "0123456789abcdef0123456789abcdef"


def body_of(request: PreparedRequest) -> bytes:
    body = request.body or b""
    assert isinstance(body, bytes | str)
    return body.encode() if isinstance(body, str) else body


@dataclass
class Wire:
    """Takes the place of the network: keeps requests, gives the answers that it was told to give."""

    requests: list[PreparedRequest] = field(default_factory=list)
    status: int = 200
    content: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    answer: Callable[[PreparedRequest], bytes] | None = None

    def send(self, adapter: HTTPAdapter, request: PreparedRequest, **options: Any) -> Response:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        response = Response()
        response.status_code = self.status
        response._content = self.answer(request) if self.answer else self.content
        response.headers.update(self.headers)
        response.url = request.url or ""
        response.request = request
        return response

    @property
    def only(self) -> PreparedRequest:
        assert len(self.requests) == 1, [request.url for request in self.requests]
        return self.requests[0]

    @property
    def body(self) -> bytes:
        return body_of(self.only)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: value for name, (value,) in parse_qs(self.body.decode()).items()}


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    assert plugins
    fake = Wire()
    monkeypatch.setattr(HTTPAdapter, "send", lambda *args, **options: fake.send(*args, **options))
    yield fake


def tell(kind: str, target: str, event: MessageEvent = "down") -> AppriseResult:
    chosen = CHANNEL_KINDS[kind]
    message = chosen.service.compose(alert_message(event, last_ping=ping()))
    return deliver(AppriseRequest(url=chosen.normalise(target), message=message))


def test_slack(wire: Wire) -> None:
    wire.content = b"ok"
    url = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7"
    assert tell("slack", url) == AppriseResult(delivered=True, status=200)
    assert wire.only.url == url
    (attachment,) = wire.json["attachments"]
    assert attachment["title"] == "DOWN: Nightly backup"
    assert attachment["color"] == "#A32037"
    assert "```\ndisk is full\n```" in attachment["text"]
    assert attachment["text"].endswith(f"<{LINK}|Details>")


def test_discord(wire: Wire) -> None:
    url = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
    wire.status = 204
    assert tell("discord", url).delivered
    assert wire.only.url == url
    assert wire.json["content"].startswith("🔴 **DOWN** Nightly backup\n")
    assert "avatar_url" not in wire.json


def test_discord_thread(wire: Wire) -> None:
    assert tell("discord", "https://discord.com/api/webhooks/41/JHMHI8qBe7bk?thread_id=77").delivered
    assert wire.only.url == "https://discord.com/api/webhooks/41/JHMHI8qBe7bk?thread_id=77"


def test_telegram(wire: Wire) -> None:
    assert tell("telegram", "123456789:AbCdEf_ghI-jklmnopqrstuvwxyz1234567/-1001234", "up").delivered
    assert wire.only.url == (
        "https://api.telegram.org/bot123456789:AbCdEf_ghI-jklmnopqrstuvwxyz1234567/sendMessage"
    )
    assert wire.json["chat_id"] == -1001234
    assert wire.json["parse_mode"] == "MarkdownV2"
    assert wire.json["text"].startswith("🟢 *UP* Nightly backup\nIt is UP again after 3 d 4 h down\\.")


@pytest.mark.parametrize(
    ("target", "url", "authorization"),
    [
        ("backups", "https://ntfy.sh/", None),
        ("http://192.0.2.1:8080/backups", "http://192.0.2.1:8080/", None),
        ("http://[fd00::1]:8080/backups", "http://[fd00::1]:8080/", None),
        ("http://ntfy_server/backups", "http://ntfy_server/", None),
        ("https://anna:s3cret@ntfy.sh/backups", "https://ntfy.sh/", "Basic YW5uYTpzM2NyZXQ="),
        ("https://tk_abcdefgh@ntfy.sh/backups", "https://ntfy.sh/", "Bearer tk_abcdefgh"),
    ],
)
def test_ntfy(wire: Wire, target: str, url: str, authorization: str | None) -> None:
    assert tell("ntfy", target).delivered
    assert wire.only.url == url
    assert wire.only.headers.get("Authorization") == authorization
    assert wire.only.headers["X-Priority"] == "high"
    assert wire.only.headers["X-Tags"] == "red_circle"
    assert wire.json["topic"] == "backups"
    assert wire.json["title"] == "DOWN: Nightly backup"
    assert wire.json["message"].startswith("“Nightly backup” is DOWN: its job has failed")


def test_ntfy_keeps_its_own_priority_and_is_not_loud_about_good_news(wire: Wire) -> None:
    assert tell("ntfy", "ntfys://ntfy.sh/backups?priority=max").delivered
    assert wire.only.headers["X-Priority"] == "max"
    wire.requests.clear()
    assert tell("ntfy", "backups", "up").delivered
    assert "X-Priority" not in wire.only.headers


def test_pushover(wire: Wire) -> None:
    assert tell("pushover", f"{'u' * 30}@{'a' * 30}").delivered
    assert wire.only.url == "https://api.pushover.net/1/messages.json"
    assert (wire.form["token"], wire.form["user"]) == ("a" * 30, "u" * 30)
    assert wire.form["title"] == "DOWN: Nightly backup"
    assert wire.form["message"].endswith(LINK)


def test_pushbullet(wire: Wire) -> None:
    assert tell("pushbullet", "o.AbCdEfGhIjKlMnOpQrStUvWxYz012345").delivered
    assert wire.only.url == "https://api.pushbullet.com/v2/pushes"
    assert wire.json["title"] == "DOWN: Nightly backup"
    assert wire.json["body"].endswith(LINK)


def test_gotify(wire: Wire) -> None:
    assert tell("gotify", "https://example.org/push/AbCdEf123456789").delivered
    assert wire.only.url == "https://example.org/push/message"
    assert wire.only.headers["X-Gotify-Key"] == "AbCdEf123456789"
    assert wire.json["title"] == "DOWN: Nightly backup"
    assert wire.json["message"].endswith(DETAILS)
    assert wire.json["priority"] == 8
    assert wire.json["extras"] == {"client::display": {"contentType": "text/markdown"}}


def test_matrix(wire: Wire) -> None:
    wire.answer = lambda request: (
        b"" if ".well-known" in str(request.url) else b'{"room_id": "!x:example.org"}'
    )
    assert tell("matrix", "syt_AbCdEf@matrix.example.org/!AbC:example.org").delivered
    sent = wire.requests[-1]
    assert sent.method == "PUT"
    assert str(sent.url).startswith(
        "https://matrix.example.org/_matrix/client/v3/rooms/%21x%3Aexample.org/send/m.room.message/"
    )
    assert sent.headers["Authorization"] == "Bearer syt_AbCdEf"
    content = json.loads(body_of(sent))
    assert content["formatted_body"].startswith("<h1>DOWN: Nightly backup</h1>")
    assert "disk is full" in content["body"]


def test_mattermost(wire: Wire) -> None:
    url = "https://chat.example.org/team/hooks/abcdefghijklmnopqrstuvwxyz"
    assert tell("mattermost", url).delivered
    assert wire.only.url == url
    assert wire.json["text"].startswith("🔴 **DOWN** Nightly backup\n")


def test_msteams(wire: Wire) -> None:
    url = (
        "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64/triggers/"
        "manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWb-DG"
    )
    wire.status = 202
    assert tell("msteams", url).delivered
    assert wire.only.url == url
    title, body = wire.json["attachments"][0]["content"]["body"]
    assert title["text"] == "DOWN: Nightly backup"
    assert body["text"].endswith(DETAILS)


def test_msteams_by_power_automate(wire: Wire) -> None:
    url = (
        "https://default01.environment.api.powerplatform.com:443/powerautomate/automations/direct/cu/12/"
        "workflows/643e69f83c89/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun"
        "&sv=1.0&sig=KODuebWbDG"
    )
    assert tell("msteams", url).delivered
    assert wire.only.url == url


def test_googlechat(wire: Wire) -> None:
    url = "https://chat.googleapis.com/v1/spaces/AAAAbbbbCCC/messages?key=AIzaSyKey&token=dEf-Token%3D"
    assert tell("googlechat", url).delivered
    assert str(wire.only.url).startswith("https://chat.googleapis.com/v1/spaces/AAAAbbbbCCC/messages?")
    assert "key=AIzaSyKey" in str(wire.only.url)
    assert "token=dEf-Token%3D" in str(wire.only.url)
    assert wire.json["text"].startswith("🔴 *DOWN* Nightly backup\n")


def test_rocketchat(wire: Wire) -> None:
    url = "https://chat.example.org/hooks/5f3a0123/AbCdEf0123456789"
    assert tell("rocketchat", url).delivered
    assert wire.only.url == url
    assert wire.json["text"].startswith("🔴 **DOWN** Nightly backup\n")


OPSGENIE = "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"


def test_opsgenie_raises_an_alert_and_closes_it(wire: Wire) -> None:
    wire.status, wire.content = 202, b'{"requestId": "1"}'
    assert tell("opsgenie", f"eu:{OPSGENIE}").delivered
    assert wire.only.url == "https://api.eu.opsgenie.com/v2/alerts"
    assert wire.only.headers["Authorization"] == f"GenieKey {OPSGENIE}"
    assert wire.json["message"] == "DOWN: Nightly backup"
    alias = wire.json["alias"]
    wire.requests.clear()
    assert tell("opsgenie", f"eu:{OPSGENIE}", "up") == AppriseResult(delivered=True, status=202)
    assert wire.only.url == (f"https://api.eu.opsgenie.com/v2/alerts/{alias}/close?identifierType=alias")
    assert wire.only.headers["Authorization"] == f"GenieKey {OPSGENIE}"
    wire.status = 401
    wire.requests.clear()
    assert tell("opsgenie", OPSGENIE, "up") == AppriseResult(
        delivered=False, text="HTTP status 401", transient=False, status=401
    )


@pytest.mark.parametrize("region", ["", "eu."])
def test_pagerduty_raises_an_incident_and_resolves_it(wire: Wire, region: str) -> None:
    wire.status = 202
    target = f"eu:{TOKEN}" if region else TOKEN
    assert tell("pagerduty", target).delivered
    assert wire.only.url == f"https://events.{region}pagerduty.com/v2/enqueue"
    raised = wire.json
    assert (raised["routing_key"], raised["event_action"]) == (TOKEN, "trigger")
    assert raised["payload"]["summary"] == "DOWN: Nightly backup"
    assert raised["payload"]["severity"] == "critical"
    assert raised["payload"]["component"] == "Nightly backup"
    assert raised["payload"]["source"] == "Servers"
    assert "disk is full" in raised["payload"]["custom_details"]["details"]
    assert raised["links"] == [{"href": LINK}]
    wire.requests.clear()
    assert tell("pagerduty", target, "up").delivered
    assert wire.json == {
        "routing_key": TOKEN,
        "event_action": "resolve",
        "dedup_key": raised["dedup_key"],
    }


def test_signal(wire: Wire) -> None:
    wire.status = 201
    assert tell("signal", "http://signal.example.org:8080/+491511234567/+491527654321").delivered
    assert wire.only.url == "http://signal.example.org:8080/v2/send"
    assert (wire.json["number"], wire.json["recipients"]) == ("+491511234567", ["+491527654321"])
    assert wire.json["message"].startswith("🔴 “Nightly backup” is DOWN")


@pytest.mark.parametrize("place", ["example.zulipchat.com", "chat.example.org"])
def test_zulip(wire: Wire, place: str) -> None:
    assert tell("zulip", f"hc-bot@{place}/{TOKEN}/ops").delivered
    assert wire.only.url == f"https://{place}/api/v1/messages"
    assert (wire.form["type"], wire.form["to"], wire.form["topic"]) == ("stream", "ops", "Nightly backup")
    assert wire.form["content"].startswith("🔴 **DOWN** Nightly backup\n")


def test_sms(wire: Wire) -> None:
    wire.status = 201
    assert tell("sms", f"AC{TOKEN}:{TOKEN}@+15550001111/+15552223333").delivered
    assert wire.only.url == f"https://api.twilio.com/2010-04-01/Accounts/AC{TOKEN}/Messages.json"
    assert (wire.form["From"], wire.form["To"]) == ("+15550001111", "+15552223333")
    assert wire.form["Body"] == "DOWN: Nightly backup (Servers), 2026-03-01 11:59 UTC"


def test_any_other_apprise_url(wire: Wire) -> None:
    assert tell("apprise", "bark://api.day.app/AbCdEfGhIjKlMn").delivered
    assert str(wire.only.url).endswith("api.day.app/push")
    assert wire.json["title"] == "DOWN: Nightly backup"


NTFY = AppriseRequest(url="ntfys://tk_s3cretT0ken@ntfy.example.org/s3cret", message=Message(body="x"))


@pytest.mark.parametrize(
    ("status", "transient"),
    [
        *((400, False), (401, False), (403, False), (410, False), (422, False), (404, True)),
        *((408, True), (425, True), (429, True), (500, True), (502, True), (503, True), (302, True)),
    ],
)
def test_whether_to_try_again_follows_from_the_status(wire: Wire, status: int, transient: bool) -> None:
    wire.status = status
    wire.headers["Location"] = "https://elsewhere.example.org/"
    result = deliver(NTFY)
    assert (result.delivered, result.status, result.transient) == (False, status, transient)
    assert result.text.startswith(f"HTTP status {status}")
    assert "s3cret" not in result.text
    assert wire.only.url == "https://ntfy.example.org/"


@pytest.mark.parametrize("kind", ["slack", "discord"])
def test_a_service_says_when_it_is_to_be_asked_again(wire: Wire, kind: str) -> None:
    target = {
        "slack": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7",
        "discord": "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    }[kind]
    wire.status, wire.headers["Retry-After"] = 429, "42"
    result = tell(kind, target)
    assert (result.delivered, result.status, result.transient) == (False, 429, True)
    assert result.retry_after == 42.0


def test_redirects_are_not_followed_even_if_the_url_asks_for_it(wire: Wire) -> None:
    wire.status, wire.headers["Location"] = 307, "https://elsewhere.example.org/"
    assert not deliver(AppriseRequest(url=NTFY.url + "?redirect=yes", message=NTFY.message)).delivered
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectTimeout("https://x/s3cret"), "no connection in time"),
        (ReadTimeout("https://x/s3cret"), "no answer in time"),
        (SSLError("https://x/s3cret"), "no connection: SSLError"),
        (RequestsConnectionError("https://x/s3cret"), "no connection: ConnectionError"),
    ],
)
def test_without_an_answer_it_is_tried_again(wire: Wire, error: Exception, text: str) -> None:
    wire.error = error
    result = deliver(NTFY)
    assert (result.delivered, result.status, result.transient) == (False, None, True)
    assert result.text.startswith(text)
    assert "s3cret" not in result.text


@pytest.mark.parametrize(
    "url", ["nosuchscheme://s3cret/token", "slack://s3cret/b", "twilio://AC1:s3cret@1/2", "tgram://s3cret"]
)
def test_an_url_that_apprise_can_not_use_is_never_tried_again(wire: Wire, url: str) -> None:
    result = deliver(AppriseRequest(url=url, message=Message(body="x")))
    assert (result.delivered, result.transient, result.status) == (False, False, None)
    assert result.text
    assert "s3cret" not in result.text
    assert not wire.requests


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("apprise", "json://s3cret.example.org"),
        ("apprise", "JSONS://s3cret.example.org"),
        ("apprise", "syslog://"),
        ("apprise", "bark://s3cret.example.org/x?template=/etc/passwd"),
        ("slack", "discord://4174216298/s3cret"),
        ("ntfy", "bark://s3cret.example.org/s3cret"),
        ("pigeon", "ntfys://ntfy.sh/s3cret?mode=private"),
    ],
)
def test_what_would_be_refused_for_a_new_channel_is_not_sent_either(wire: Wire, kind: str, url: str) -> None:
    result = deliver(AppriseRequest(url=url, message=Message(body="x"), kind=kind))
    assert (result.delivered, result.transient, result.status) == (False, False, None)
    assert "kind" in result.text
    assert "s3cret" not in result.text
    assert not wire.requests


def test_services_that_are_refused_are_not_there_for_apprise_any_more() -> None:
    program = (
        "from apprise import Apprise;"
        "from hcserver.notify.apprise.delivery import withdraw_refused_services as withdraw;"
        "urls = ['json://localhost', 'xmls://localhost', 'form://localhost', 'syslog://', 'ntfy://localhost/x'];"
        "made = lambda: [Apprise.instantiate(url) is not None for url in urls];"
        "before = made(); withdraw(); print(before, made())"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == f"{[True] * 5} {[False] * 4 + [True]}"


def test_the_service_is_not_shown_pictures_of_somebody_else(wire: Wire) -> None:
    targets = {
        "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7",
        "mattermost": "mmosts://chat.example.org/abcdefghijklmnopqrstuvwxyz",
        "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "pagerduty": TOKEN,
    }
    for kind, target in targets.items():
        tell(kind, target)
    assert len(wire.requests) == len(targets)
    assert not [request for request in wire.requests if "caronc" in str(request.body)]
