"""Channels, projects, pings and notifications: the defaults on which the rest of the product relies."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hcserver.domain.channel import Channel
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping, Report
from hcserver.domain.project import Project

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A = UUID(int=1)


def test_a_channel_notifies_of_down_and_up_at_once_for_every_check_it_is_assigned_to() -> None:
    channel = Channel(id=A, project=A, created=NOW, kind="email", target="ops@example.org")
    assert channel.events == ("down", "up")
    assert (channel.delay, channel.tags, channel.auto_assign, channel.error) == (0, "", False, None)


def test_a_project_has_the_configured_limits_and_no_api_keys_unless_given() -> None:
    project = Project(id=A, name="main", created=NOW, ping_key="p", badge_key="b")
    assert (project.checks_limit, project.pings_limit) == (None, None)
    assert (project.api_key_hash, project.api_key_readonly_hash) == (None, None)


def test_a_notification_is_pending_and_not_held_until_it_is_looked_at() -> None:
    one = Notification(check=A, n=1, channel=A, project=A, event="down", reason="fail", at=NOW)
    assert (one.status, one.held, one.why, one.attempts) == ("pending", False, None, ())


def test_a_report_has_every_field_that_a_ping_takes_from_it() -> None:
    from_the_log = {"n", "type", "body_size"}
    assert set(Ping.__struct_fields__) - from_the_log <= set(Report.__struct_fields__)
