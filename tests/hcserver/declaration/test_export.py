from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hcserver.declaration.export import export_projects
from hcserver.declaration.planner import plan
from hcserver.declaration.present import PresentProject
from hcserver.declaration.read_file import read_file
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.notify.registry import CHANNEL_KINDS
from hcserver.validation.channel import DISABLED
from hcserver.validation.check import parse_spec
from tests.hcserver.declaration.samples import (
    ALLOWED,
    KEY,
    LAB,
    NOW,
    channel,
    check,
    group,
    present,
    window,
)
from tests.planted_secrets import PLANTED

NAMES = st.sampled_from(["", "ops", "x y", "größe", "twin"])
CHANNELS = st.lists(
    st.builds(
        channel,
        NAMES,
        target=st.sampled_from(["a@example.org", "b@example.org"]),
        events=st.lists(st.sampled_from(["down", "up", "paused"]), unique=True).map(tuple),
        delay=st.integers(0, 86_400),
        tags=st.sampled_from(["", "prod db"]),
        auto_assign=st.booleans(),
        error=st.sampled_from([None, DISABLED, "410 Gone"]),
    ),
    max_size=5,
)
SLUGS = st.sampled_from(["", "a", "b", "c", "twin"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SETTINGS = st.fixed_dictionaries(
    {"name": TEXTS, "desc": TEXTS, "tags": TEXTS},
    optional={
        "timeout": st.integers(60, 31_536_000),
        "grace": st.integers(60, 31_536_000),
        "max_runtime": st.sampled_from([0, 60, 7200]),
        "min_runtime": st.sampled_from([0, 5, 59]),
        "early": st.sampled_from([0, 60, 86_400]),
        "manual_resume": st.booleans(),
        "methods": st.sampled_from(["", "POST"]),
        "failure_kw": TEXTS,
        "repeat_after": st.sampled_from([0, 60]),
        "failures_before_alert": st.integers(1, 100),
        "successes_before_up": st.integers(1, 100),
        "success_exit_statuses": st.sets(st.integers(1, 99), max_size=3).map(
            lambda some: tuple(sorted(some))
        ),
        "ignored_exit_statuses": st.sampled_from([(), (100,), (101, 255)]),
    },
) | st.fixed_dictionaries(
    {
        "schedule": st.sampled_from(["* * * * *", "5 4 * * *", "Mon..Fri 08:00", "daily\nSun 12:00"]),
        "tz": st.sampled_from(["UTC", "Europe/Riga"]),
    }
)
WINDOWS: list[dict[str, Any]] = [
    {"start": NOW, "end": NOW + timedelta(hours=1)},
    {"start": NOW - timedelta(days=9), "end": NOW - timedelta(days=8), "tag": "prod"},
    {"schedule": "daily", "kind": "oncalendar", "minutes": 30},
    {"schedule": "5 4 * * *", "kind": "cron", "tz": "Europe/Riga", "minutes": 9, "tag": "größe"},
]


@st.composite
def projects(draw: st.DrawFn) -> PresentProject:
    channels = draw(CHANNELS)
    if channels:
        channels = [*channels, group("all", draw(st.lists(st.sampled_from(channels), min_size=1)))]
    checks = [
        check(
            slug, **_changes(settings), channels=tuple(one.id for one in channels[: draw(st.integers(0, 6))])
        )
        for slug, settings in draw(st.lists(st.tuples(SLUGS, SETTINGS), max_size=5))
    ]
    for place in range(1, len(checks)):
        others = draw(st.sets(st.sampled_from(checks[:place]).map(lambda one: one.id), max_size=3))
        checks[place] = replace(checks[place], depends_on=tuple(sorted(others)))
    windows = [
        replace(window(name, **fields), check=draw(st.sampled_from([None, *(one.id for one in checks)])))
        for name, fields in draw(st.lists(st.tuples(NAMES, st.sampled_from(WINDOWS)), max_size=4))
    ]
    windows = [replace(one, tag="") if one.check else one for one in windows]
    limit = draw(st.sampled_from([None, 50]))
    return present(channels, checks, windows, replace(LAB, checks_limit=limit))


def _changes(settings: dict[str, Any]) -> dict[str, Any]:
    return parse_spec(settings, 3).changes


@given(projects(), st.booleans())
def test_applied_to_the_same_project_the_file_changes_nothing(lab: PresentProject, secrets: bool) -> None:
    exported = export_projects([lab], secrets=secrets)
    environment = {} if secrets else {"PING_KEY_LAB": KEY}
    assert exported.variables.keys() == environment.keys()
    wanted = read_file(exported.text.encode(), environment)
    for prune in (False, True):
        made = plan(wanted, [lab.project], {lab.project.id: lab}, ALLOWED, NOW, prune=prune)
        assert made.count() == 0
        # What the file does not name is what it could not name.
        left = [(one.what, one.name, one.why) for one in made.projects[0].left]
        assert left == [(one.what, one.shown, one.why) for one in lab.unnamed()]


def test_only_what_is_no_default_is_written() -> None:
    lab = present([channel("ops")], [check("a"), check("b", name="B", grace=60)], [window("w")])
    text = export_projects([lab], secrets=True).text
    assert tomllib.loads(text) == {
        "projects": [
            {
                "name": "Lab",
                "ping_key": KEY,
                "channels": [{"name": "ops", "kind": "email", "target": "ops@example.org"}],
                "checks": [
                    {"slug": "a", "channels": []},
                    {"slug": "b", "name": "B", "grace": 60, "channels": []},
                ],
                "windows": [{"name": "w", "schedule": "daily", "minutes": 30}],
            }
        ]
    }


def test_no_secret_of_any_kind_of_channel_is_written_unless_it_is_asked_for() -> None:
    for kind, target, secrets in PLANTED:
        if kind in ("email", "group") or (kind == "shell" and secrets):
            continue
        stored = CHANNEL_KINDS[kind].normalise(target)
        lab = present([channel("ops", kind, stored)])
        exported = export_projects([lab], secrets=False)
        assert [secret for secret in (*secrets, KEY) if secret.lower() in exported.text.lower()] == []
        assert exported.variables == {
            "PING_KEY_LAB": "the ping key of Lab",
            "TARGET_LAB_OPS": f"the target of the {kind} channel ops of Lab",
        }
        assert json.dumps(stored, ensure_ascii=False) in export_projects([lab], secrets=True).text


def test_what_has_no_secrets_in_it_is_written_in_clear() -> None:
    lab = present(
        [channel("mail"), channel("hook", "webhook", "https://example.org"), channel("run", "shell", "pager")]
    )
    exported = export_projects([lab], secrets=False)
    assert list(exported.variables) == ["PING_KEY_LAB"]
    targets = [one["target"] for one in tomllib.loads(exported.text)["projects"][0]["channels"]]
    assert targets == ["ops@example.org", "https://example.org", "pager"]


def test_a_target_that_can_not_be_read_is_left_to_a_variable() -> None:
    lab = present([replace(channel("hook", "webhook", target=""), unreadable="no key")])
    assert list(export_projects([lab], secrets=True).variables) == ["TARGET_LAB_HOOK"]


def test_what_is_left_out_is_listed_at_the_top_of_the_file_too() -> None:
    slugless: Check = check("", name="Old\njob")
    nameless: Channel = channel("")
    unnamed: MaintenanceWindow = window("", check=UUID(int=7), start=NOW, end=NOW)
    exported = export_projects([present([nameless], [slugless], [unnamed])], secrets=True)
    assert exported.left_out == (
        f"Lab: channel email {nameless.id}: it has no name",
        f"Lab: check Old\njob {slugless.id}: it has no slug",
        f"Lab: window {unnamed.id}: it has no name",
    )
    assert f"#   Lab: check Old\\njob {slugless.id}: it has no slug\n" in exported.text
