from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.errors import InvalidRequest
from hcserver.notify.apprise import transport as module
from hcserver.notify.apprise.services import SERVICES
from hcserver.notify.apprise.transport import APPRISE_KINDS, AppriseTransport
from tests.cpu_time import cpu_seconds
from tests.hcserver.notify.apprise.plugins import plugin


@dataclass
class Case:
    kind: str
    target: str
    url: str
    masked: str
    secrets: tuple[str, ...]


SID, TOKEN = "AC0123456789abcdef0123456789abcdef", "fedcba98765432100123456789abcdef"
FLOW = "643e69f83c8944438d68119179a10a64"
INVOKE = f"workflows/{FLOW}/triggers/manual/paths/invoke"
CASES = [
    Case(
        "slack",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7",
        "slack://T1JJ3T3L2/****",
        ("A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7"),
    ),
    Case(
        "slack",
        "https://hooks.slack-gov.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7/",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7?mode=gov-hook",
        "slack://T1JJ3T3L2/****",
        ("A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7"),
    ),
    Case(
        "slack",
        "slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/#ops",
        "slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/%23ops",
        "slack://****/%23ops",
        ("xoxb", "4ddbc191d40ee098cbaae6f3523ada2d"),
    ),
    Case(
        "discord",
        "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "discord://4174216298/****",
        ("JHMHI8qBe7bk2ZwO5U711o3dV_js",),
    ),
    Case(
        "discord",
        "https://ptb.discordapp.com/api/v10/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?thread_id=77",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?thread=77",
        "discord://4174216298/****",
        ("JHMHI8qBe7bk2ZwO5U711o3dV_js",),
    ),
    Case(
        "telegram",
        "123456789:AbCdEf_ghI-jklmnopqrstuvwxyz1234567/-1001234",
        "tgram://123456789:AbCdEf_ghI-jklmnopqrstuvwxyz1234567/-1001234",
        "tgram://123456789:****/-1001234",
        ("AbCdEf_ghI-jklmnopqrstuvwxyz1234567",),
    ),
    Case(
        "ntfy",
        "backups-x7Qp2",
        "ntfys://ntfy.sh/backups-x7Qp2?mode=private",
        "ntfys://ntfy.sh/ba****",
        ("x7Qp2",),
    ),
    Case(
        "ntfy",
        "https://anna:s3cret@ntfy.example.org:8443/backups",
        "ntfys://anna:s3cret@ntfy.example.org:8443/backups?mode=private",
        "ntfys://ntfy.example.org:8443/ba****",
        ("anna", "s3cret", "backups"),
    ),
    Case(
        "ntfy",
        "http://tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2@10.0.0.5/b",
        "ntfy://tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2@10.0.0.5/b?mode=private",
        "ntfy://10.0.0.5/b****",
        ("tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2",),
    ),
    Case("ntfy", "ntfys://secret-topic", "ntfys://secret-topic", "ntfys://ntfy.sh/se****", ("secret-topic",)),
    Case(
        "pushover",
        f"{'uQiRzpo4DX' * 3}@{'azGDORePK8' * 3}/phone",
        f"pover://{'uQiRzpo4DX' * 3}@{'azGDORePK8' * 3}/phone",
        "pover://uQi****@****/phone",
        ("uQiRzpo4DX", "azGDORePK8"),
    ),
    Case(
        "pushbullet",
        "o.AbCdEfGhIjKlMnOpQrStUvWxYz012345",
        "pbul://o.AbCdEfGhIjKlMnOpQrStUvWxYz012345",
        "pbul://****",
        ("AbCdEfGhIjKlMnOpQrStUvWxYz012345",),
    ),
    Case(
        "gotify",
        "https://example.org/push/AbCdEf123456789",
        "gotifys://example.org/push/AbCdEf123456789",
        "gotifys://example.org/push/****",
        ("AbCdEf123456789",),
    ),
    Case(
        "gotify",
        "http://[fd00::1]:8080/AbCdEf123456789",
        "gotify://[fd00::1]:8080/AbCdEf123456789",
        "gotify://[fd00::1]:8080/****",
        ("AbCdEf123456789",),
    ),
    Case(
        "matrix",
        "hc:p%40ss@matrix.example.org/#ops",
        "matrixs://hc:p%40ss@matrix.example.org/%23ops",
        "matrixs://hc:****@matrix.example.org/%23ops",
        ("p%40ss", "p@ss"),
    ),
    Case(
        "matrix",
        "http://syt_AbCdEf@matrix.example.org:8008/!AbC:example.org",
        "matrix://syt_AbCdEf@matrix.example.org:8008/!AbC:example.org",
        "matrix://****@matrix.example.org:8008/!AbC:example.org",
        ("syt_AbCdEf",),
    ),
    Case(
        "matrix",
        "https://webhooks.t2bot.io/api/v1/matrix/hook/" + TOKEN * 2,
        f"matrixs://{TOKEN * 2}/?mode=t2bot",
        "matrixs://****",
        (TOKEN,),
    ),
    Case(
        "mattermost",
        "https://chat.example.org/team/hooks/abcdefghijklmnopqrstuvwxyz",
        "mmosts://chat.example.org/team/abcdefghijklmnopqrstuvwxyz",
        "mmosts://chat.example.org/team/****",
        ("abcdefghijklmnopqrstuvwxyz",),
    ),
    Case(
        "msteams",
        f"https://prod-1.westeurope.logic.azure.com:443/{INVOKE}"
        "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYF-r0z0eu",
        f"workflows://prod-1.westeurope.logic.azure.com:443/{FLOW}/KODuebWbDGYF-r0z0eu?api-version=2016-06-01",
        "workflows://prod-1.westeurope.logic.azure.com:443/****",
        (FLOW, "KODuebWbDGYF"),
    ),
    Case(
        "msteams",
        "https://default01.96.environment.api.powerplatform.com:443/powerautomate/automations/direct/cu/12/"
        f"{INVOKE}?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYF",
        f"workflows://default01.96.environment.api.powerplatform.com:443/{FLOW}/KODuebWbDGYF"
        "?api-version=1&pa=yes&route=12",
        "workflows://default01.96.environment.api.powerplatform.com:443/****",
        (FLOW, "KODuebWbDGYF"),
    ),
    Case(
        "googlechat",
        "https://chat.googleapis.com/v1/spaces/AAAAbbbbCCC/messages?key=AIzaSyKey&token=dEf-Token%3D",
        "gchat://AAAAbbbbCCC/AIzaSyKey/dEf-Token%3D",
        "gchat://AAAAbbbbCCC/****",
        ("AIzaSyKey", "dEf-Token"),
    ),
    Case(
        "rocketchat",
        "https://chat.example.org/hooks/5f3a0123/AbCdEf0123456789",
        "rockets://5f3a0123%2FAbCdEf0123456789@chat.example.org/?mode=webhook",
        "rockets://****@chat.example.org",
        ("5f3a0123", "AbCdEf0123456789"),
    ),
    Case(
        "rocketchat",
        "rockets://hc:s3cret@chat.example.org/#ops",
        "rockets://hc:s3cret@chat.example.org/%23ops",
        "rockets://hc:****@chat.example.org/%23ops",
        ("s3cret",),
    ),
    Case(
        "opsgenie",
        "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
        "opsgenie://0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
        "opsgenie://****",
        ("0a1b2c3d",),
    ),
    Case(
        "opsgenie",
        "eu:0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
        "opsgenie://0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f/?region=eu",
        "opsgenie://****",
        ("0a1b2c3d",),
    ),
    Case("pagerduty", TOKEN, f"pagerduty://{TOKEN}@{TOKEN}", "pagerduty://****", (TOKEN,)),
    Case(
        "pagerduty",
        f"eu:{TOKEN}",
        f"pagerduty://{TOKEN}@{TOKEN}/?region=eu",
        "pagerduty://****",
        (TOKEN,),
    ),
    Case(
        "signal",
        "https://anna:s3cret@signal.example.org:8080/+491511234567/+491527654321",
        "signals://anna:s3cret@signal.example.org:8080/+491511234567/+491527654321",
        "signals://signal.example.org:8080/****/****321",
        ("anna", "s3cret", "491511234567", "491527654"),
    ),
    Case(
        "zulip",
        f"hc-bot@example.zulipchat.com/{TOKEN}/ops",
        f"zulip://hc-bot@example.zulipchat.com/{TOKEN}/ops",
        "zulip://hc-bot@example.zulipchat.com/****/ops",
        (TOKEN,),
    ),
    Case(
        "sms",
        f"{SID}:{TOKEN}@+15550001111/+15552223333",
        f"twilio://{SID}:{TOKEN}@15550001111/15552223333",
        "twilio://AC0123****:****@15550001111/****333",
        (SID, TOKEN, "15552223333"),
    ),
    Case(
        "apprise",
        "bark://api.day.app/AbCdEfGhIjKlMn?sound=s3cret",
        "bark://api.day.app/AbCdEfGhIjKlMn?sound=s3cret",
        "bark://****",
        ("AbCdEfGhIjKlMn", "s3cret"),
    ),
]
CHANNEL_KINDS = {kind.name: kind for kind in APPRISE_KINDS}
IDS = [f"{case.kind}-{case.target[:20]}" for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_target_as_the_service_has_it_becomes_an_apprise_url(case: Case) -> None:
    assert CHANNEL_KINDS[case.kind].normalise(f"  {case.target}\n") == case.url


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_apprise_url_itself_is_a_target_too(case: Case) -> None:
    assert CHANNEL_KINDS[case.kind].normalise(case.url) == case.url


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_apprise_understands_what_is_stored(case: Case) -> None:
    assert plugin(case.url) is not None


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_nothing_secret_is_shown(case: Case) -> None:
    masked = CHANNEL_KINDS[case.kind].masked(case.url)
    assert masked == case.masked
    assert not [secret for secret in case.secrets if secret in masked]
    options = "password=s3cret&token=s3cret"
    with_options = f"{case.url}{'&' if '?' in case.url else '?'}{options}"
    assert CHANNEL_KINDS[case.kind].masked(with_options) == case.masked


@pytest.mark.parametrize("kind", APPRISE_KINDS, ids=CHANNEL_KINDS)
def test_a_stored_target_that_no_longer_fits_shows_no_more_than_its_scheme(kind: AppriseTransport) -> None:
    assert kind.masked("s3cret") == "****"
    assert kind.masked("slack://s3cret?a=b") in ("slack://****",)


@pytest.mark.parametrize("kind", APPRISE_KINDS, ids=CHANNEL_KINDS)
def test_the_example_of_what_a_kind_needs_is_taken(kind: AppriseTransport) -> None:
    assert "\n" not in kind.needs
    examples = kind.needs.partition("such as ")[2].replace(",", " ").split()
    assert kind.normalise(examples[0])


@pytest.mark.parametrize("kind", APPRISE_KINDS, ids=CHANNEL_KINDS)
@pytest.mark.parametrize(
    "target",
    [
        *(
            "",
            "  ",
            "s3cret s3cret",
            "http://",
            "https://s3cret.example.org/s3cret?s3cret=1",
            "://",
            "\ud800",
        ),
        *("slack://", "nosuch", "x" * 20_000, "slack://" + "x" * 3000, "a\nb", "a\0b"),
        *("json://s3cret.example.org", "dbus://", "syslog://s3cret", "file:///etc/s3cret", "windows://x"),
        *(
            "ntfy://s3cret/topic?template=/etc/passwd",
            "slack://T1/A1/B1?Optional=yes",
            "tgram://1:2/3?retry=9",
        ),
    ],
)
def test_other_targets_are_refused_with_what_is_needed(kind: AppriseTransport, target: str) -> None:
    if kind.name == "ntfy" and target == "nosuch":
        return  # a topic
    with pytest.raises(InvalidRequest) as caught:
        kind.normalise(target)
    assert kind.needs in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ntfy://topicA/topicB", "ntfy://to****"),
        ("ntfys://tk_token@topicA/topicB?priority=max", "ntfys://to****"),
        ("ntfy://pushserver/backups?mode=private", "ntfy://pushserver/ba****"),
        ("ntfy://localhost:8080/backups", "ntfy://localhost:8080/ba****"),
    ],
)
def test_a_topic_of_ntfy_is_masked_where_it_stands_in_the_place_of_the_host(url: str, shown: str) -> None:
    assert CHANNEL_KINDS["ntfy"].masked(url) == shown


def test_a_refusal_says_why() -> None:
    with pytest.raises(InvalidRequest, match="use the kind webhook"):
        CHANNEL_KINDS["apprise"].normalise("jsons://example.org")
    with pytest.raises(InvalidRequest, match="server's own machine"):
        CHANNEL_KINDS["apprise"].normalise("DBUS://session")
    with pytest.raises(InvalidRequest, match="option template is not taken: it would read a file"):
        CHANNEL_KINDS["apprise"].normalise("discord://1/2?%74emplate=/etc/passwd")


def test_without_apprise_a_channel_can_not_be_created(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "installed", lambda: False)
    with pytest.raises(InvalidRequest, match=r"the kind ntfy can't be used here: .*pip install"):
        CHANNEL_KINDS["ntfy"].normalise("backups")


def test_every_kind_has_a_name_of_its_own() -> None:
    assert len(CHANNEL_KINDS) == len(SERVICES) == 18


@given(st.sampled_from(CASES), st.integers(0, 60), st.integers(0, 5), st.text("a0/:@?#%&=.-_ é[", max_size=6))
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_is_taken_as_it_stays_or_refused(case: Case, at: int, cut: int, typed: str) -> None:
    target = case.target[:at] + typed + case.target[at + cut :]
    for kind in APPRISE_KINDS:
        try:
            url = kind.normalise(target)
        except InvalidRequest:
            continue
        assert kind.normalise(url) == url
        assert kind.masked(url).startswith(url.partition("://")[0].rstrip("s"))


@pytest.mark.parametrize(
    "piece", ["/a", "a", ":", "@", "/", "a@", "&sig=", "&key=a", "1", "/hooks/", "[", "%2F"]
)
@pytest.mark.parametrize(
    "start",
    [
        "",
        "https://",
        "matrix://",
        "signal://h/+4915123456/",
        "https://h/workflows/a/triggers/manual/paths/invoke?",
    ],
)
def test_no_target_takes_long_to_read(start: str, piece: str) -> None:
    target = (start + piece * 2000)[:1990]

    def work() -> None:
        for kind in APPRISE_KINDS:
            kind.masked(target)
            with suppress(InvalidRequest):
                kind.normalise(target)

    assert cpu_seconds(work, attempts=3) < 0.5
