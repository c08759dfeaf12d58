from __future__ import annotations

from typing import Any

import pytest

from hcserver.declaration.faults import Faults
from hcserver.declaration.read_channel import FIELDS, in_order, read_channel
from hcserver.validation.channel import SCHEMA

ENVIRONMENT = {"HOOK": "https://example.org/s3cret", "KEY": "whsec_" + "QUJD" * 8}


def read(**table: object) -> Any:
    faults = Faults()
    channel = read_channel(table, ENVIRONMENT, faults)
    assert faults.texts == []
    assert channel is not None
    return channel


def faults_of(**table: object) -> list[str]:
    faults = Faults()
    assert read_channel({"name": "ops", **table}, ENVIRONMENT, faults) is None
    return faults.texts


def test_what_is_left_out_has_its_default_and_targets_are_as_they_are_stored() -> None:
    channel = read(name="ops", kind="email", target=" Ops@EXAMPLE.org ")
    assert (channel.name, channel.kind, channel.target) == ("ops", "email", "Ops@example.org")
    assert channel.settings == {
        "events": ("down", "up"), "delay": 0, "tags": "", "auto_assign": False, "disabled": False,
    }  # fmt: skip


def test_every_setting_of_a_channel_can_be_declared() -> None:
    assert set(FIELDS) == SCHEMA["properties"].keys() - {"name", "kind", "target", "fields"}
    channel = read(
        name="ops", kind="email", target="o@example.org", events=["paused", "down"], delay=9, tags="a b",
        auto_assign=True, disabled=True,
    )  # fmt: skip
    assert channel.settings == {
        "events": ("down", "paused"), "delay": 9, "tags": "a b", "auto_assign": True, "disabled": True,
    }  # fmt: skip


def test_the_order_of_events_means_nothing() -> None:
    assert in_order(("up", "down")) == in_order(("down", "up")) == ("down", "up")


def test_secrets_come_from_variables() -> None:
    assert read(name="a", kind="webhook", target={"env": "HOOK"}).target == "https://example.org/s3cret"
    fields = {"url": {"env": "HOOK"}, "secret": {"env": "KEY"}}
    assert '"secret":"whsec_' in read(name="a", kind="webhook", fields=fields).target


def test_a_group_has_names_of_channels() -> None:
    group = read(name="all", kind="group", channels=["ops", "hook", "ops"])
    assert (group.members, group.target) == (("ops", "hook"), None)


@pytest.mark.parametrize(
    ("table", "problems"),
    [
        ({"kind": "pigeon", "target": "x"}, ["kind: has unexpected value: expected one of email, "]),
        ({"kind": ["email"]}, ["kind: has unexpected value: expected one of email, "]),
        ({"target": "x"}, ["kind: is missing: expected one of email, "]),
        ({"kind": "email"}, ["target: is missing: an email address such as"]),
        ({"kind": "email", "target": "ops"}, ["target: does not fit: 'ops' is no email address: "]),
        ({"kind": "email", "target": 3}, ["target: is not a string"]),
        (
            {"kind": "webhook", "target": {"env": "GONE"}},
            ["target: the environment variable GONE is not set"],
        ),
        ({"kind": "email", "target": "o@x.org", "fields": {}}, ["target: does not go together with fields"]),
        ({"kind": "email", "target": "o@x.org", "channels": []}, ["channels: is only for groups"]),
        ({"kind": "email", "fields": "o@x.org"}, ["fields: is not a table"]),
        ({"kind": "email", "fields": {}}, ["fields.address: is missing"]),
        ({"kind": "email", "fields": {"address": "ops"}}, ["fields.address: does not fit: "]),
        ({"kind": "email", "fields": {"adress": "o@x.org"}}, ["fields.adress: is unknown: expected address"]),
        (
            {"kind": "webhook", "fields": {"url": {"env": "GONE"}, "secret": {"env": "LOST"}}},
            [
                "fields.url: the environment variable GONE is not set",
                "fields.secret: the environment variable LOST is not set",
            ],
        ),
        ({"kind": "group"}, ["channels: is not an array of the names of other channels"]),
        (
            {"kind": "group", "channels": ["a"], "target": "x", "fields": {}},
            ["target: is not for groups", "fields: is not for groups"],
        ),
        (
            {"kind": "email", "target": "o@x.org", "events": ["sideways"], "delay": -1, "disabled": "no"},
            [
                "events: an item in 'events' has unexpected value",
                "delay: is too small",
                "disabled: is not a boolean",
            ],
        ),
        ({"kind": "email", "target": "o@x.org", "secret": 1}, ["secret: is unknown: expected name, kind, "]),
    ],
)
def test_a_fault_names_the_field(table: dict[str, object], problems: list[str]) -> None:
    found = faults_of(**table)
    assert len(found) == len(problems)
    for text, problem in zip(found, problems, strict=True):
        assert text.startswith(problem)
        assert "s3cret" not in text


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "name: is missing: it says which channel is meant"),
        ("a,b", "name: contains a comma, which separates the names of channels"),
        ("*", 'name: is "*", which means all channels'),
        ("a\nb", "name: contains characters that can't be printed"),
        (3, "name: is not a string"),
    ],
)
def test_a_channel_needs_a_name_by_which_it_can_be_assigned(name: object, problem: str) -> None:
    assert faults_of(name=name, kind="email", target="o@x.org") == [problem]
