from __future__ import annotations

from typing import Any

import pytest

from hcserver.errors import InvalidRequest
from tests.hcserver.declaration.samples import channel, check, lab, planned, present, shown, steps

OPS = {"name": "ops", "kind": "email", "target": "ops@example.org"}

CRON: dict[str, Any] = {"kind": "cron", "schedule": "* * * * *"}  # the schedule of a check that has none


def test_new_checks_are_made_in_the_order_of_the_file_with_all_their_settings() -> None:
    (plan,) = planned(
        lab(checks=[{"slug": "b", "grace": 60}, {"slug": "a", "schedule": "daily"}]), present()
    ).projects
    assert steps(plan.changes) == ["create check b", "create check a"]
    first, second = plan.changes
    assert first.data.items() >= {"slug": "b", "name": "b", "timeout": 86400, "grace": 60}.items()
    assert shown(first) == {"grace": (None, 60), "channels": (None, ())}
    assert shown(second) == {
        "schedule": (None, "daily"), "channels": (None, ()),
    }  # fmt: skip


def test_what_is_as_declared_is_not_changed() -> None:
    ops = channel("ops")
    there = present([ops], [check("a", channels=(ops.id,), timeout=60), check("b", **CRON)])
    wanted = lab(
        channels=[OPS],
        checks=[{"slug": "a", "timeout": 60, "channels": ["ops"]}, {"slug": "b", "schedule": "* * * * *"}],
    )
    assert planned(wanted, there).count() == 0


def test_only_what_differs_is_changed() -> None:
    there = present([], [check("a", grace=60, tags="x", name="A"), check("b", **CRON)])
    (plan,) = planned(
        lab(checks=[{"slug": "a", "name": "A", "tags": "x"}, {"slug": "b", "timeout": 60}]), there
    ).projects
    first, second = plan.changes
    assert (first.id, first.data, first.channels) == (there.checks["a"].id, {"grace": 3600}, None)
    assert second.data == {"timeout": 60}
    assert shown(second) == {
        "timeout": (None, 60), "schedule": ("* * * * *", None), "tz": ("UTC", None),
    }  # fmt: skip


def test_without_channels_a_check_has_those_that_assign_themselves() -> None:
    mine, other = channel("mine", auto_assign=True), channel("other")
    there = present([mine, other], [check("a", channels=(other.id,))])
    wanted = lab(
        channels=[{**OPS, "auto_assign": True}], checks=[{"slug": "a"}, {"slug": "b", "channels": "*"}]
    )
    (plan,) = planned(wanted, there).projects
    assert steps(plan.changes) == ["create channel ops", "change check a", "create check b"]
    assert plan.changes[1].channels == ("ops", "mine")
    assert plan.changes[2].channels == ("ops", "mine", "other")
    (plan,) = planned(wanted, there, prune=True).projects
    assert [change.channels for change in plan.changes[1:3]] == [("ops",), ("ops",)]


def test_channels_without_names_stay_and_come_to_new_checks_as_elsewhere() -> None:
    own, other, ops = channel("", auto_assign=True), channel(""), channel("ops")
    there = present([own, other, ops], [check("a", channels=(other.id,))])
    wanted = lab(
        checks=[
            {"slug": "a", "channels": ["ops"]},
            {"slug": "b"},
            {"slug": "c", "channels": "*"},
            {"slug": "d", "channels": ["ops"]},
        ]
    )
    (plan,) = planned(wanted, there).projects
    assert [(change.name, change.channels, change.kept) for change in plan.changes] == [
        ("a", ("ops",), (other.id,)),
        ("b", (), (own.id,)),
        ("c", ("ops",), (own.id, other.id)),
        ("d", ("ops",), ()),
    ]


def test_what_can_not_be_made_is_an_error() -> None:
    there = present([channel("ops")], [check("b"), check("b")])
    wanted = lab(checks=[{"slug": "a", "channels": ["ops", "nobody"]}, {"slug": "b"}])
    with pytest.raises(InvalidRequest) as raised:
        planned(wanted, there)
    assert str(raised.value).splitlines() == [
        "projects[0].checks[0].channels: names 'nobody', which is no channel of the project (a)",
        "projects[0].checks[1].slug: is that of several checks of the project: "
        "change or delete one of them (b)",
    ]
