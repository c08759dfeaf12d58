from __future__ import annotations

import pytest
from msgspec.structs import replace

from hcserver.errors import InvalidRequest
from hcserver.validation.channel import DISABLED
from tests.hcserver.declaration.samples import channel, check, group, lab, planned, present, shown, steps

OPS = {"name": "ops", "kind": "email", "target": "ops@example.org"}
HOOK = {"name": "hook", "kind": "webhook", "target": "https://example.org/s3cret"}
ALL = {"name": "all", "kind": "group", "channels": ["ops", "hook"]}


def test_groups_are_made_when_their_channels_are_there() -> None:
    (plan,) = planned(lab(channels=[ALL, OPS, HOOK]), present()).projects
    assert steps(plan.changes) == ["create channel ops", "create channel hook", "create channel all"]
    assert plan.changes[2].channels == ("ops", "hook")
    assert plan.changes[1].data["target"] == "https://example.org/s3cret"
    assert shown(plan.changes[1]) == {
        "kind": (None, "webhook"), "target": (None, "https://example.org/****"),
    }  # fmt: skip


def test_what_is_as_declared_is_not_changed() -> None:
    ops, hook = channel("ops"), channel("hook", "webhook", "https://example.org/s3cret")
    there = present([ops, hook, group("all", [hook, ops])])
    assert planned(lab(channels=[ALL, OPS, HOOK]), there).count() == 0


def test_only_what_differs_is_changed_and_secrets_are_not_shown() -> None:
    ops = channel("ops", delay=60, tags="x")
    hook = channel("hook", "webhook", "https://example.org/old")
    new = channel("new")
    there = present([ops, hook, new, group("all", [ops])])
    (plan,) = planned(lab(channels=[{**OPS, "tags": "y"}, HOOK, ALL]), there).projects
    assert steps(plan.changes) == ["change channel ops", "change channel hook", "change channel all"]
    first, second, third = plan.changes
    assert (first.id, first.data) == (ops.id, {"delay": 0, "tags": "y"})
    assert second.data == {"target": "https://example.org/s3cret"}
    assert shown(second) == {"target": ("https://example.org/****", "https://example.org/****")}
    assert (third.channels, third.data) == (("ops", "hook"), {})
    assert shown(third) == {"channels": (("ops",), ("ops", "hook"))}


def test_a_channel_whose_target_can_not_be_read_gets_the_declared_one() -> None:
    there = present([replace(channel("ops", target=""), unreadable="no key")])
    (plan,) = planned(lab(channels=[OPS]), there).projects
    assert plan.changes[0].data == {"target": "ops@example.org"}
    assert shown(plan.changes[0]) == {"target": ("****", "o****@example.org")}


@pytest.mark.parametrize(
    ("disabled", "error", "change"),
    [
        (True, None, True),
        (True, DISABLED, None),
        (True, "410 Gone", None),
        (False, None, None),
        (False, DISABLED, False),
        (False, "410 Gone", None),
    ],
)
def test_a_channel_that_the_server_has_disabled_stays_so(
    disabled: bool, error: str | None, change: bool | None
) -> None:
    plan = planned(lab(channels=[{**OPS, "disabled": disabled}]), present([channel("ops", error=error)]))
    expected = [] if change is None else [{"disabled": change}]
    assert [one.data for one in plan.projects[0].changes] == expected


def test_channels_without_names_stay_in_groups() -> None:
    ops, nameless = channel("ops"), channel("")
    there = present([ops, nameless, group("all", [nameless, ops]), group("odd", [nameless])])
    odd = {"name": "odd", "kind": "group", "channels": []}
    (plan,) = planned(lab(channels=[OPS, HOOK, ALL, odd]), there).projects
    assert steps(plan.changes) == ["create channel hook", "change channel all"]
    assert plan.changes[1].kept == (nameless.id,)


def test_a_group_may_have_channels_that_are_not_in_the_file_unless_they_are_deleted() -> None:
    there = present([channel("ops"), channel("hook")])
    assert planned(lab(channels=[ALL]), there).count("create") == 1
    with pytest.raises(InvalidRequest) as raised:
        planned(lab(channels=[ALL]), there, prune=True)
    assert str(raised.value).splitlines() == [
        "projects[0].channels[0].channels: names 'ops', which is no channel of the project (all)",
        "projects[0].channels[0].channels: names 'hook', which is no channel of the project (all)",
    ]


def test_what_can_not_be_made_is_an_error() -> None:
    there = present([channel("twice"), channel("twice"), channel("hook")], [check("a")])
    with pytest.raises(InvalidRequest) as raised:
        planned(
            lab(
                channels=[
                    {**OPS, "name": "twice"},
                    HOOK,
                    {"name": "empty", "kind": "group", "channels": []},
                    {"name": "nested", "kind": "group", "channels": ["empty"]},
                ]
            ),
            there,
        )
    assert str(raised.value).splitlines() == [
        "projects[0].channels[0].name: is that of several channels of the project: "
        "rename or delete one of them (twice)",
        "projects[0].channels[1].kind: can't be changed from email: give the new channel another name (hook)",
        "projects[0].channels[2].channels: is empty (empty)",
        "projects[0].channels[3].channels: names 'empty', which is a group itself (nested)",
    ]
