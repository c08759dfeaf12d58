from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from hcserver.notify import rendering
from hcserver.notify.alert_message import MessageEvent
from tests.hcserver.notify.alert_messages import NOW, alert_message, check, ping

EVENTS = get_args(MessageEvent)


@pytest.mark.parametrize(
    ("event", "title", "sentence"),
    [
        ("down", "DOWN: Nightly backup", "“Nightly backup” is DOWN: its job has reported a failure."),
        ("up", "UP: Nightly backup", "“Nightly backup” is UP again after 3 d 4 h down."),
        (
            "start-too-long",
            "NOT FINISHED IN TIME: Nightly backup",
            "“Nightly backup” has started but did not finish within its grace time.",
        ),
        (
            "paused",
            "PAUSED: Nightly backup",
            "“Nightly backup” is PAUSED: no alerts will be sent for it until it is resumed or pinged.",
        ),
        ("reminder", "STILL DOWN: Nightly backup", "“Nightly backup” is still DOWN, for 5 s now."),
        (
            "test",
            "TEST: Nightly backup",
            "This is a test: alerts about “Nightly backup” will arrive here.",
        ),
        (
            "channel-disabled",
            "CHANNEL DISABLED: Nightly backup",
            "“Nightly backup” is a channel that is DISABLED now: nobody is notified by it any more.",
        ),
    ],
)
def test_each_event_has_its_words(event: MessageEvent, title: str, sentence: str) -> None:
    told = alert_message(event)
    assert rendering.title(told) == title
    assert rendering.plain(told).splitlines()[0] == sentence


@pytest.mark.parametrize(
    ("reason", "exit_status", "cause"),
    [
        ("fail", 3, "its job has failed with exit status 3"),
        ("fail", None, "its job has reported a failure"),
        ("timeout", 0, "no success was reported in time"),
        ("resume", None, "its status has changed"),
    ],
)
def test_why_a_check_is_down_is_said(reason: str, exit_status: int | None, cause: str) -> None:
    told = alert_message(reason=reason, last_ping=ping(exit_status=exit_status))
    assert rendering.sentence(told) == f"“Nightly backup” is DOWN: {cause}."


def test_the_whole_message_in_plain_text() -> None:
    assert rendering.plain(alert_message(last_ping=ping())) == (
        "“Nightly backup” is DOWN: its job has failed with exit status 3.\n"
        "\n"
        "Project: Servers\n"
        "Tags: prod db\n"
        "Since: 2026-03-01 11:59:55 UTC\n"
        "Was up for: 3 d 4 h\n"
        "Last ping: #7 failure, 2026-03-01 11:59:55 UTC, by HTTPS POST, from 192.0.2.7, exit status 3\n"
        "\n"
        "It said:\n"
        "disk is full\n"
        "\n"
        "https://hc.example.org/checks/93e280839e4aab2dee0d62b93359405648026a10"
    )


def test_what_is_not_known_is_left_out() -> None:
    told = alert_message("up", check=check(name="", slug="", tags="", n_pings=0), project="", since=None)
    assert rendering.plain(told).splitlines()[:5] == [
        "“a check without a name” is UP again.",
        "",
        "Since: 2026-03-01 11:59:55 UTC",
        "Last ping: never",
        "",
    ]


def test_a_ping_that_is_not_kept_any_more_is_not_called_none() -> None:
    assert "Last ping" not in rendering.plain(alert_message())


def test_a_check_without_a_name_is_called_by_its_slug() -> None:
    assert rendering.label(alert_message(check=check(name="", slug="backup"))) == "backup"


def test_an_email_ping_shows_who_wrote_and_about_what() -> None:
    told = alert_message(
        last_ping=ping(scheme="email", method="", sender="cron@host", subject="Cron\r\n backup")
    )
    text = rendering.plain(told)
    assert "by email, from cron@host" in text
    assert "Subject: Cron backup\n" in text


@pytest.mark.parametrize(
    ("tz", "hour", "shown"),
    [
        ("Europe/Riga", 12, "2026-03-01 12:00:00 UTC (14:00:00 Europe/Riga)"),
        ("Asia/Tokyo", 20, "2026-03-01 20:00:00 UTC (2026-03-02 05:00:00 Asia/Tokyo)"),
        ("UTC", 12, "2026-03-01 12:00:00 UTC"),
        ("Mars/Olympus", 12, "2026-03-01 12:00:00 UTC"),
    ],
)
def test_moments_of_scheduled_checks_are_in_their_zone_too(tz: str, hour: int, shown: str) -> None:
    told = alert_message(check=check(kind="cron", schedule="0 3 * * *", tz=tz))
    assert rendering.moment(told, datetime(2026, 3, 1, hour, tzinfo=UTC)) == shown
    assert f"Schedule: 0 3 * * * ({tz})" in rendering.plain(told)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (86400, "1 d"),
        (86400 + 60, "1 d"),
        (90_000, "1 d 1 h"),
        (400 * 86400, "400 d"),
    ],
)
def test_durations_are_told_in_two_units(seconds: float, shown: str) -> None:
    assert rendering.duration(timedelta(seconds=seconds)) == shown


def test_markdown_has_the_same_facts() -> None:
    html = MarkdownIt().render(rendering.markdown(alert_message(last_ping=ping())))
    assert "<strong>“Nightly backup” is DOWN: its job has failed with exit status 3.</strong>" in html
    assert "<li>Tags: prod db</li>" in html
    assert "<pre><code>disk is full\n</code></pre>" in html
    assert f'<a href="{rendering.link(alert_message())}">' in html


def test_a_body_can_not_end_the_block_that_it_is_shown_in() -> None:
    tokens = MarkdownIt().parse(
        rendering.markdown(alert_message(last_ping=ping(body=b"```\n# a\n````\n<b>")))
    )
    assert [token.content for token in tokens if token.type == "fence"] == ["```\n# a\n````\n<b>\n"]


MARKUP = st.text(alphabet="*_`[]()<>#\\!|~&.-+1ab \t\r\n\0\x1b\u202e/:;'\"", max_size=60) | st.text(
    max_size=60
)


@given(MARKUP, MARKUP, MARKUP, st.sampled_from(EVENTS))
def test_nothing_from_outside_is_taken_as_markdown(
    name: str, tags: str, body: str, event: MessageEvent
) -> None:
    told = alert_message(
        event, check=check(name=name, tags=tags), project=tags, last_ping=ping(body=body.encode())
    )
    tokens = MarkdownIt().parse(rendering.markdown(told))
    inline = [child for token in tokens for child in token.children or []]
    assert {token.type for token in inline} <= {
        *("text", "text_special", "strong_open", "strong_close", "link_open", "link_close", "softbreak")
    }
    assert [token.attrs["href"] for token in inline if token.type == "link_open"] == [rendering.link(told)]
    assert {token.type for token in tokens if token.nesting >= 0} <= {
        *("paragraph_open", "bullet_list_open", "list_item_open", "inline", "fence")
    }


@given(MARKUP, MARKUP, MARKUP, st.sampled_from(EVENTS))
def test_nothing_from_outside_is_taken_as_html(name: str, tags: str, body: str, event: MessageEvent) -> None:
    plain = alert_message(event, check=check(name="a", tags="b"), project="c", last_ping=ping(body=b"d"))
    told = alert_message(
        event, check=check(name=name, tags=tags), project=tags, last_ping=ping(body=body.encode())
    )
    assert rendering.html(told).count("<") <= rendering.html(plain).count("<")
    assert "'" not in rendering.html(told)


@given(st.text(), st.sampled_from(EVENTS))
def test_a_title_is_one_line_of_bounded_length(name: str, event: MessageEvent) -> None:
    title = rendering.title(alert_message(event, check=check(name=name, slug="")))
    assert not {"\r", "\n", "\0", "\x1b"} & set(title)
    assert len(title.splitlines()) == 1
    assert len(title) < 250
    title.encode()


def test_no_message_is_long() -> None:
    told = alert_message(last_ping=ping(body=b"*" * 1_000_000, subject="x" * 5000, sender="y" * 5000))
    for render in (rendering.plain, rendering.markdown, rendering.html):
        assert len(render(told)) < 4500


def test_the_moment_of_a_reminder_is_counted_from_when_it_went_down() -> None:
    assert "for 2 h now" in rendering.plain(alert_message("reminder", happened=NOW - timedelta(hours=2)))


def test_a_disabled_channel_is_shown_with_its_error_and_its_address() -> None:
    channel = check(n_pings=0)
    channel = replace(channel, badge=channel.id)
    about = alert_message("channel-disabled", reason="mail came back: 550\n<b>no</b>", check=channel)
    assert rendering.facts(about)[-1] == ("Error", "mail came back: 550 <b>no</b>")
    assert "Last ping" not in rendering.plain(about)
    assert "<b>no" not in rendering.html(about)
    assert rendering.link(about) == f"https://hc.example.org/p/{channel.project}/channels/{channel.id}"


def test_a_run_that_takes_too_long_says_how_long_it_may_take() -> None:
    told = alert_message("start-too-long", check=check(max_runtime=19_800))
    expected = "“Nightly backup” has started but did not finish within the 5 h 30 min that it may take."
    assert rendering.sentence(told) == expected


def test_a_run_that_was_too_short_says_how_long_it_took_and_should_have_taken() -> None:
    told = alert_message(reason="too-short", took=2.9, check=check(min_runtime=600))
    expected = "“Nightly backup” is DOWN: it finished after 2 s, sooner than the minimum of 10 min."
    assert rendering.sentence(told) == expected
    taken_away = alert_message(reason="too-short", took=2.9)
    assert rendering.sentence(taken_away) == "“Nightly backup” is DOWN: it finished too soon, after 2 s."


def test_a_message_says_what_the_check_depends_on_and_what_depends_on_it() -> None:
    names = ("nas", "router\n", "", "switch")
    for number, expected in (
        (1, "nas, which is down"),
        (3, "nas, router, nightly-backup, which are down"),
        (4, "nas, router, nightly-backup, others, which are down"),
    ):
        told = alert_message("down", down_above=tuple(check(name=name) for name in names[:number]))
        assert ("Depends on", expected) in rendering.facts(told)
    for number, expected in (
        (1, "1 check; messages that it is down are held back"),
        (12, "12 checks; messages that they are down are held back"),
    ):
        assert ("Depends on it", expected) in rendering.facts(alert_message("down", dependents=number))
