from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from handlers.pages.check_story import is_pending, notified, recovery, recovery_sentence, status_sentence
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.notification import Attempt, Notification, NotificationStatus
from hcserver.domain.shown_state import state_of
from hcserver.domain.state_machine import pause, record
from hcserver.domain.status import shown_status

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOME = UUID(int=1)
CHECK = Check(id=SOME, project=SOME, badge=SOME, created=NOW, timeout=3600, grace=600)


def sentence(check: Check, after: float = 0) -> str:
    now = NOW + timedelta(seconds=after)
    return re.sub("<[^>]+>", "", status_sentence(check, state_of(check, shown_status(check, now)), now))


def test_each_state_has_a_sentence() -> None:
    up = record(CHECK, "success", NOW).check
    assert sentence(CHECK) == "Waiting for the first ping …"
    assert sentence(up) == "Up. The next ping is expected in 1 h."
    assert sentence(up, 3720) == "Late for 2 min. It goes down in 8 min."
    assert sentence(record(up, "fail", NOW, None, 3).check, 780) == "Down for 13 min: exit status 3."
    assert sentence(record(up, "start", NOW).check, 60) == "Running for 1 min."
    assert sentence(pause(up, NOW).check) == "Paused. Nothing is expected, and nobody is notified."


def notification(
    n: int, channel: int, status: NotificationStatus, why: str | None = None, **attempt: str | None
) -> Notification:
    attempts = (Attempt(at=NOW, duration=0.1, error=attempt.get("error")),) if attempt else ()
    return Notification(
        check=SOME, n=n, channel=UUID(int=channel), project=SOME, event="down", reason="fail", at=NOW,
        status=status, why=why, attempts=attempts,
        due=NOW + timedelta(minutes=2) if status == "pending" else None,
    )  # fmt: skip


def test_who_was_notified_is_said_of_the_latest_alert() -> None:
    phone = Channel(id=UUID(int=1), project=SOME, created=NOW, kind="ntfy", target="x", name="phone")
    log = [
        notification(2, 1, "sent", error=None),
        notification(2, 2, "pending", "will be tried again"),
        notification(2, 3, "failed", error="<refused>"),
        notification(1, 1, "sent", error=None),
    ]
    told = notified(log, {phone.id: phone}, NOW)
    assert [(one.channel, one.outcome) for one in told] == [
        ("phone", "sent"),
        ("a deleted channel", "waiting"),
        ("a deleted channel", "failed"),
    ]
    assert "12:00:00" in told[0].detail
    assert "will be tried again, " in told[1].detail and "in 2 min" in told[1].detail
    assert told[2].detail == "&lt;refused&gt;"
    assert notified([], {}, NOW) == []


def test_only_the_latest_alert_can_be_pending() -> None:
    assert is_pending([notification(2, 1, "pending")])
    assert not is_pending([notification(2, 1, "sent", error=None), notification(1, 1, "pending")])
    assert not is_pending([])


def test_a_recovery_is_of_the_state_that_the_check_is_in() -> None:
    down = record(record(CHECK, "success", NOW).check, "fail", NOW).check
    up = record(down, "success", NOW + timedelta(minutes=13)).check
    sent = notification(2, 1, "sent", error=None)
    came_up = replace(sent, event="up", at=NOW + timedelta(minutes=13), since=NOW)
    skipped = replace(came_up, channel=UUID(int=2), status="skipped")
    before = replace(came_up, n=1)
    assert recovery(up, [skipped, came_up, before], NOW) == [came_up]
    assert recovery_sentence([came_up]).endswith("</time>, after 13 min down. Notifications:")
    assert recovery(down, [came_up], NOW) == []
    assert recovery(up, [sent], NOW) == []  # nobody was to be notified that it is up
    assert recovery(up, [replace(came_up, at=NOW)], NOW) == []  # that was an earlier one
    assert recovery(up, [], NOW) == []
    assert recovery_sentence([]) == ""
