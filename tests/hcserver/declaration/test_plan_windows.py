from __future__ import annotations

from datetime import timedelta

import pytest

from hcserver.errors import InvalidRequest
from tests.hcserver.declaration.samples import NOW, check, lab, planned, present, shown, steps, window

DAILY = {"name": "w", "schedule": "daily", "minutes": 30}
HOUR = timedelta(hours=1)


def once(name: str, start: timedelta, **fields: object) -> dict[str, object]:
    return {"name": name, "start": NOW + start, "end": NOW + start + HOUR, **fields}


def test_windows_are_made_with_what_they_are_for() -> None:
    (plan,) = planned(
        lab(checks=[{"slug": "a"}], windows=[{**DAILY, "tag": "prod"}, once("move", HOUR, check="a")]),
        present(),
    ).projects
    assert steps(plan.changes) == ["create check a", "create window w", "create window move"]
    first, second = plan.changes[1:]
    assert first.data == {"name": "w", "tag": "prod", "schedule": "daily", "tz": "UTC", "minutes": 30}
    assert second.data == {"name": "move", "tag": "", "start": NOW + HOUR, "end": NOW + 2 * HOUR}
    assert second.check == "a"


def test_what_is_as_declared_is_not_changed() -> None:
    backup = check("backup")
    there = present([], [backup], [window("w"), window("move", check=backup.id, start=NOW, end=NOW + HOUR)])
    wanted = lab(checks=[{"slug": "backup"}], windows=[DAILY, once("move", timedelta(), check="backup")])
    assert planned(wanted, there).count() == 0


def test_only_what_differs_is_changed() -> None:
    backup = check("backup")
    there = present([], [backup], [window("w"), window("move", check=backup.id, start=NOW, end=NOW + HOUR)])
    wanted = lab(
        checks=[{"slug": "backup"}],
        windows=[{**DAILY, "minutes": 60}, {**once("move", timedelta()), "tag": "prod"}],
    )
    first, second = planned(wanted, there).projects[0].changes
    assert (first.id, first.data) == (there.windows["w"].id, {"minutes": 60})
    assert (second.data, second.check) == ({"tag": "prod"}, None)
    assert shown(second) == {"tag": (None, "prod"), "check": ("backup", None)}


def test_a_window_that_is_over_is_not_made_any_more() -> None:
    past = once("old", -2 * HOUR)
    plan = planned(lab(windows=[past]), present())
    assert plan.count() == 0
    assert [(one.what, one.name, one.why) for one in plan.projects[0].left] == [
        ("window", "old", "over, and not made any more")
    ]
    there = present([], [], [window("old", start=NOW - 2 * HOUR, end=NOW - HOUR)])
    assert planned(lab(windows=[past]), there).count() == 0
    assert planned(lab(windows=[{**past, "tag": "x"}]), there).count("change") == 1


def test_what_can_not_be_made_is_an_error() -> None:
    there = present([], [check("a")], [window("old"), window("v"), window("v")])
    wanted = lab(windows=[once("old", -2 * HOUR), {**DAILY, "check": "b"}, {**DAILY, "name": "v"}])
    with pytest.raises(InvalidRequest) as raised:
        planned(wanted, there)
    assert str(raised.value).splitlines() == [
        "projects[0].windows[0].end: is in the past (old)",
        "projects[0].windows[1].check: names 'b', which is no check of the project (w)",
        "projects[0].windows[2].name: is that of several windows of the project: "
        "rename or delete one of them (v)",
    ]


def test_a_window_is_for_a_check_of_the_file_or_for_one_that_stays() -> None:
    there = present([], [check("a")])
    wanted = lab(windows=[{**DAILY, "check": "a"}])
    assert planned(wanted, there).count("create") == 1
    with pytest.raises(InvalidRequest, match="names 'a', which is no check of the project"):
        planned(wanted, there, prune=True)
