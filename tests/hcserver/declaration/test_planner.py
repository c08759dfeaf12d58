from __future__ import annotations

import pytest
from msgspec.structs import replace

from hcserver.declaration.planner import plan
from hcserver.errors import InvalidRequest
from tests.hcserver.declaration.samples import (
    ALLOWED,
    KEY,
    LAB,
    NOW,
    channel,
    check,
    declared,
    lab,
    planned,
    present,
    project,
    shown,
    steps,
    window,
)

OTHER_KEY = "zyxwvutsrqponmlkjihgfe"


def test_a_project_that_is_not_there_is_made_with_its_key_and_limits() -> None:
    (wanted,) = declared(f'[[projects]]\nname = "Lab"\nping_key = "{KEY}"\nchecks_limit = 7')
    (made,) = planned(wanted).projects
    assert (made.id, steps(made.changes)) == (None, ["create project Lab"])
    assert made.changes[0].data == {"checks_limit": 7, "ping_key": KEY}
    assert shown(made.changes[0]) == {"checks_limit": (None, 7), "ping_key": (None, "****")}


@pytest.mark.parametrize(
    ("own", "wanted", "change"),
    [
        (None, 0, None),
        (None, ALLOWED.checks, None),  # the project gets none of its own that equals the configured one
        (None, 7, {"checks_limit": 7}),
        (7, 7, None),
        (7, 0, {"checks_limit": None}),
        (7, ALLOWED.checks, {"checks_limit": ALLOWED.checks}),
        (ALLOWED.checks, 0, {"checks_limit": None}),
    ],
)
def test_a_limit_is_changed_if_another_one_is_to_hold(
    own: int | None, wanted: int, change: dict[str, object] | None
) -> None:
    (one,) = declared(f'[[projects]]\nname = "Lab"\nchecks_limit = {wanted}')
    changes = planned(one, present(project=replace(LAB, checks_limit=own))).projects[0].changes
    assert [change.data for change in changes] == ([] if change is None else [change])


def test_a_ping_key_that_differs_is_changed_and_not_shown() -> None:
    (one,) = declared(f'[[projects]]\nname = "Lab"\nping_key = "{OTHER_KEY}"')
    (change,) = planned(one, present()).projects[0].changes
    assert (change.data, shown(change)) == ({"ping_key": OTHER_KEY}, {"ping_key": ("****", "****")})
    (one,) = declared(f'[[projects]]\nname = "Lab"\nping_key = "{KEY}"')
    assert planned(one, present()).count() == 0


def test_projects_must_be_told_apart() -> None:
    wanted = declared(f'[[projects]]\nname = "Lab"\n[[projects]]\nname = "New"\nping_key = "{KEY}"')
    with pytest.raises(InvalidRequest) as raised:
        plan(wanted, [LAB, project("Lab")], {}, ALLOWED, NOW, prune=False)
    assert str(raised.value).splitlines() == [
        "projects[0].name: is that of several projects: rename one of them (Lab)",
        "projects[1].ping_key: is that of another project (New)",
    ]


THERE = present(
    [channel("ops"), channel("old"), channel("")],
    [check("a"), check("b"), check(""), check("twin"), check("twin")],
    [window("w"), window("v"), window("")],
)
WANTED = lab(
    channels=[{"name": "ops", "kind": "email", "target": "ops@example.org"}],
    checks=[{"slug": "a"}],
    windows=[{"name": "w", "schedule": "daily", "minutes": 30}],
)
UNNAMED = [
    ("channel", "it has no name"),
    ("check", "it has no slug"),
    ("check", "several have this slug"),
    ("check", "several have this slug"),
    ("window", "it has no name"),
]


def test_what_the_file_does_not_name_is_left() -> None:
    (one,) = planned(WANTED, THERE).projects
    assert one.changes == ()
    assert [(left.what, left.why) for left in one.left[:5]] == UNNAMED
    assert [(left.what, left.name, left.why) for left in one.left[5:]] == [
        ("window", "v", "not in the file"),
        ("check", "b", "not in the file"),
        ("channel", "old", "not in the file"),
    ]


def test_what_the_file_does_not_name_is_deleted_last_if_it_could_name_it() -> None:
    (one,) = planned(
        replace(WANTED, checks=lab(checks=[{"slug": "a"}, {"slug": "new"}]).checks), THERE, prune=True
    ).projects
    assert steps(one.changes) == [
        "create check new", "delete window v", "delete check b", "delete channel old",
    ]  # fmt: skip
    assert [(left.what, left.why) for left in one.left] == UNNAMED


def test_a_window_for_a_check_without_a_slug_is_not_deleted() -> None:
    slugless = check("")
    there = present([], [slugless], [window("w", check=slugless.id, start=NOW, end=NOW)])
    (one,) = planned(lab(), there, prune=True).projects
    assert (one.changes, [left.what for left in one.left]) == ((), ["check", "window"])


def test_the_new_ones_need_room_beside_those_that_are_there() -> None:
    (one,) = declared(
        '[[projects]]\nname = "Lab"\nchecks_limit = 2\nchecks = [{ slug = "c" }, { slug = "d" }]'
    )
    there = present([], [check("a"), check("b")])
    with pytest.raises(InvalidRequest) as raised:
        planned(one, there, prune=True)
    assert str(raised.value) == (
        "projects[0].checks: has 2 new ones, but the project has 2 and may have 2 (Lab)"
    )
    assert planned(lab(checks=[{"slug": "c"}]), there).count() == 1


def test_projects_that_the_file_does_not_name_are_not_in_the_plan() -> None:
    other = present([], [check("a")], project=project("Other"))
    made = plan(
        [lab()], [LAB, other.project], {LAB.id: present(), other.project.id: other}, ALLOWED, NOW, prune=True
    )
    assert ([one.name for one in made.projects], made.count()) == (["Lab"], 0)
