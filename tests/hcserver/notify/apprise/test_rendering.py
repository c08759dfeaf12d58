from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.notify.alert_message import MessageEvent
from hcserver.notify.apprise import rendering as texts
from hcserver.notify.apprise.services import SERVICES, Service
from tests.hcserver.notify.alert_messages import NOW, alert_message, check, ping

CHANNEL_KINDS = {service.name: service for service in SERVICES}
EVENTS: tuple[MessageEvent, ...] = get_args(MessageEvent)
LIMITS = {
    "discord": 2000,
    "telegram": 4096,
    "pushover": 1024,
    "ntfy": 4096,
    "sms": 160,
    "pagerduty": 1024,
    "matrix": 20_000,
}


@pytest.mark.parametrize("service", SERVICES, ids=CHANNEL_KINDS)
@pytest.mark.parametrize("event", EVENTS)
def test_every_kind_says_what_happened_to_which_check(service: Service, event: MessageEvent) -> None:
    message = service.compose(alert_message(event, last_ping=ping()))
    assert "Nightly backup" in message.title + message.body
    assert "Servers" in message.title + message.body + "".join(message.options.values())


@pytest.mark.parametrize(
    ("event", "level"),
    [
        ("down", "failure"),
        ("reminder", "failure"),
        ("start-too-long", "failure"),
        ("up", "success"),
        ("paused", "warning"),
        ("test", "info"),
        ("channel-disabled", "warning"),
    ],
)
def test_good_news_and_bad_news_are_told_apart(event: MessageEvent, level: str) -> None:
    assert {service.compose(alert_message(event)).level for service in SERVICES} == {level}


TEXT = st.text(st.sampled_from("a*_`[]()<>@\\\"'|~&#.-!{} \n\r\t\0é漢🔴"), max_size=300)


@given(TEXT, TEXT, TEXT, st.sampled_from(EVENTS), st.sampled_from(["http", "email"]))
@settings(max_examples=40, deadline=None)
def test_whatever_is_in_a_notice_it_fits_the_limits_of_every_kind(
    name: str, body: str, subject: str, event: MessageEvent, scheme: str
) -> None:
    last = ping(body=(body * 20).encode(), subject=subject, scheme=scheme, sender=name)
    told = alert_message(event, check=check(name=name, tags=subject), project=subject, last_ping=last)
    for service in SERVICES:
        message = service.compose(told)
        limit = LIMITS.get(service.name, 8000)
        assert len(message.body.encode()) <= limit
        assert len(message.title.encode()) <= 250
        assert "\n" not in message.title
        assert message.body.strip()


@pytest.mark.parametrize("service", SERVICES, ids=CHANNEL_KINDS)
@pytest.mark.parametrize("character", ["x", "*", "漢", "🔴"])
def test_the_longest_notice_fits_the_limits_and_still_names_the_check(
    service: Service, character: str
) -> None:
    long = character * 5000
    last = ping(body=long.encode(), subject=long, sender=long, remote_addr=long)
    told = alert_message(check=check(name=long, tags=long), project=long, last_ping=last)
    message = service.compose(told)
    assert len(message.body.encode()) <= LIMITS.get(service.name, 8000)
    assert len(message.title.encode()) <= 250
    assert character * 15 in message.title + message.body
    if service.name == "matrix":
        assert message.body.endswith("</a></p>")


def test_what_the_job_said_is_shortened_before_anything_else() -> None:
    said = b"first line\n" + b"x" * 5000
    body = texts.pushover(alert_message(last_ping=ping(body=said))).body
    assert "first line\nxxx" in body
    assert "x…" in body
    assert body.endswith("https://hc.example.org/checks/93e280839e4aab2dee0d62b93359405648026a10")
    mail = ping(scheme="email", body=b"Subject: x\r\n\r\n" + said)
    body = texts.pushover(alert_message(last_ping=mail)).body
    assert "first line\nxxx" in body
    assert "x…" in body


def test_the_end_of_what_the_job_said_is_shortened_at_its_beginning() -> None:
    said = b"x" * 5000 + b"\nlast line\n"
    body = texts.pushover(alert_message(last_ping=ping(body=said, cut_before=5))).body
    assert "…\nxxx" in body
    assert "xxx\nlast line" in body


def test_chats_are_told_in_markdown_that_all_of_them_read_alike() -> None:
    assert texts.discord(alert_message(last_ping=ping())).body == (
        "🔴 **DOWN** Nightly backup\n"
        "It is DOWN: its job has failed with exit status 3.\n\n"
        "- Project: Servers\n"
        "- Tags: prod db\n"
        "- Since: 2026-03-01 11:59:55 UTC\n"
        "- Was up for: 3 d 4 h\n"
        "- Last ping: #7 failure, 2026-03-01 11:59:55 UTC, by HTTPS POST, from 192.0.2.7, exit status 3\n\n"
        "```\ndisk is full\n```\n\n"
        "[Details](https://hc.example.org/checks/93e280839e4aab2dee0d62b93359405648026a10)"
    )


@pytest.mark.parametrize("kind", ["slack", "discord", "telegram", "mattermost", "googlechat", "rocketchat"])
def test_names_and_reports_can_neither_be_markup_nor_call_people(kind: str) -> None:
    last = ping(body=b"@everyone ``` <!channel> *x*", sender="<@123> `@here`", remote_addr="")
    told = alert_message(check=check(name="a*b_c` @all", tags="[x](http://evil)"), last_ping=last)
    body = CHANNEL_KINDS[kind].compose(told).body
    head, fence, rest = body.partition("```\n")
    assert fence
    assert rest.startswith("@everyone ''' <!channel> *x*\n```\n\n[Details](")
    if kind != "slack":  # has it in the title, which knows no markup
        assert head.startswith("🔴 **DOWN** `a*b_c' @all`\n")
    assert "- Tags: `[x](http://evil)`" in head
    assert "from <@123> '@here'" in head
    assert all("`" in line for line in head.split("\n") if "@" in line)


def test_teams_is_never_made_to_mention_somebody() -> None:
    body = texts.card(alert_message(last_ping=ping(body=b"<at>x</at><AT>y</AT>"))).body
    assert "<at>" not in body.lower()
    assert "‹at›x‹/at›" in body


def test_zulip_has_one_topic_for_each_check() -> None:
    down, up = texts.zulip(alert_message("down")), texts.zulip(alert_message("up"))
    assert down.title == up.title == "Nightly backup"
    assert texts.zulip(alert_message(check=check(name="x" * 100))).title == "x" * 59 + "…"


def test_a_text_message_is_one_short_line() -> None:
    message = texts.sms(alert_message(last_ping=ping()))
    assert (message.title, message.body) == ("", "DOWN: Nightly backup (Servers), 2026-03-01 11:59 UTC")


def test_bad_news_raise_an_incident_that_good_news_resolve() -> None:
    down, up = texts.pagerduty(alert_message("down")), texts.pagerduty(alert_message("up"))
    assert (down.options["action"], up.options["action"]) == ("trigger", "resolve")
    assert texts.pagerduty(alert_message("paused")).options["action"] == "resolve"
    assert down.options["dedup"] == up.options["dedup"]
    other = alert_message("test")
    assert texts.pagerduty(other).options["dedup"] != down.options["dedup"]
    assert str(other.check.id) not in down.options["dedup"]
    assert "It said:\ndisk is full" in texts.pagerduty(alert_message(last_ping=ping())).options["+details"]


def test_opsgenie_alerts_are_closed_by_the_alias_that_they_were_made_with() -> None:
    down, up = texts.opsgenie(alert_message("down")), texts.opsgenie(alert_message("up"))
    assert down.closes == ""
    assert up.closes == down.options["alias"]


def test_a_cut_text_keeps_whole_characters() -> None:
    assert texts.clipped("äöü", 6) == "äöü"
    assert texts.clipped("äöü€", 8) == "äö…"


def test_a_repeated_notice_is_the_same_message() -> None:
    later = alert_message(last_ping=ping(), now=NOW + timedelta(minutes=5))
    for service in SERVICES:
        assert service.compose(later) == service.compose(alert_message(last_ping=ping()))
