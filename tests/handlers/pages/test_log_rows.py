from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from handlers.pages.log_rows import RowMaker, run_length, size_in_words
from handlers.pages.zones import ShownZone
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.keywords import Reason
from hcserver.domain.notification import Attempt
from hcserver.domain.ping import Ping, Signal
from hcserver.domain.run_lines import Run
from hcserver.domain.veil import Veil
from hcserver.services.reading.log_entries import Entry, Notified
from tests.hcserver.storage.contract.records import NOW, a_check, a_notification, a_ping, a_project, later


def maker(check: Check | None = None, zone: str = "UTC") -> RowMaker:
    check = check or a_check()
    return RowMaker(check, {}, ShownZone("check", zone, False), Veil(check, a_project(), hides=False), NOW)


def entry(ping: Ping, **fields: Any) -> Entry:
    return Entry(ping.at, Run(ping=ping, **fields), ping.n)


@pytest.mark.parametrize(
    ("size", "words"), [(1, "1 byte"), (999, "999 bytes"), (12_345, "12 kB"), (1_500_000, "1.5 MB")]
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_in_words(size) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.04, "0.0 s"), (9.87, "9.9 s"), (270.0, "4 min 30 s")])
def test_the_length_of_a_run_in_words(seconds: float, words: str) -> None:
    assert run_length(seconds) == words


def test_the_start_of_a_run_on_another_day_has_its_date() -> None:
    check = UUID(int=1)
    end, start = a_ping(check, 2), a_ping(check, 1)
    start = Ping(**{**{name: getattr(start, name) for name in start.__struct_fields__}, "at": later(-86_400)})
    [day] = maker().days([entry(end, start=start, duration=86_400.0)], {}, {})
    [row] = day.rows
    assert row.begin == f"{later(-86_400):%Y-%m-%d %H:%M:%S}"
    assert row.at == f"{NOW:%H:%M:%S}"
    assert row.duration == "1 day"


def test_days_are_those_of_the_zone() -> None:
    moment = NOW.replace(hour=22, minute=0, second=0)
    flip = Flip(check=UUID(int=1), n=1, at=moment, old="up", new="down", reason="timeout")
    days = maker(zone="Asia/Tokyo").days([Entry(moment, flip, 1)], {}, {})
    assert days[0].iso > f"{moment:%Y-%m-%d}"
    assert (days[0].rows[0].word, days[0].rows[0].line) == ("Went down", "no report came in time")


@pytest.mark.parametrize("running", [True, False])
def test_a_start_without_an_end_is_running_if_it_is_the_last(running: bool) -> None:
    ping = Ping(check=UUID(int=1), n=1, at=NOW, type="start", scheme="http", remote_addr="")
    [day] = maker(a_check(last_start=NOW if running else None)).days([entry(ping)], {}, {})
    assert day.rows[0].note == ("running" if running else "its end was not reported")


@pytest.mark.parametrize("type", ["success", "fail", "ign"])
def test_an_exit_status_other_than_0_is_shown(type: Signal) -> None:
    ping = Ping(check=UUID(int=1), n=1, at=NOW, type=type, scheme="http", remote_addr="", exit_status=3)
    [day] = maker().days([entry(ping)], {}, {})
    assert day.rows[0].note == "exit status 3"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (None, ""),
        (
            Reason(signal="fail", keyword="error", where="subject"),
            "because of the keyword “error” in the subject",
        ),
        (Reason(signal="ign", keyword=None, where="default"), "no keyword was found"),
        (Reason(signal="ign", keyword=None, where="exit status"), "this exit status is ignored"),
    ],
)
def test_a_ping_says_why_it_counts_as_what_it_does(reason: Reason | None, words: str) -> None:
    ping = Ping(
        check=UUID(int=1), n=1, at=NOW, type="fail", scheme="email", remote_addr="192.0.2.1", sender="a@b",
        reason=reason, body_size=12,
    )  # fmt: skip
    view = maker().ping(ping, "fail")
    assert (view.why, view.origin, view.size) == (words, "email from a@b, by 192.0.2.1", "12 bytes")


def test_an_alert_tells_what_became_of_its_notifications() -> None:
    failed = a_notification(status="failed", attempts=(Attempt(at=NOW, duration=1.0, error="<b>refused"),))
    [day] = maker().days([Entry(NOW, Notified(1, NOW, [failed]), 1)], {}, {})
    [row] = day.rows
    assert (row.word, row.note) == ("Notified", "that it is down")
    [told] = row.told
    assert (told.channel, told.outcome, told.detail) == ("a deleted channel", "failed", "&lt;b&gt;refused")


def test_a_run_that_was_too_short_has_failed() -> None:
    ping = Ping(check=UUID(int=1), n=2, at=NOW, type="success", scheme="http", remote_addr="")
    flip = Flip(check=UUID(int=1), n=1, at=NOW, old="up", new="down", reason="too-short")
    [day] = maker().days([Entry(NOW, flip, 1), entry(ping, duration=2.0, too_short=True)], {}, {})
    went_down, run = day.rows
    assert went_down.line == "a run finished too soon"
    assert (run.word, run.icon, run.name, run.duration) == ("Too short", "down", "short", "2.0 s")
    assert run.ping is not None and run.ping.is_failure
