from __future__ import annotations

from hcserver.declaration.plan import Change, Plan, ProjectPlan


def test_changes_are_counted_over_all_projects() -> None:
    changes = [Change(action=action, what="check", name="a") for action in ("create", "create", "delete")]
    one = ProjectPlan(name="Lab", place="", id=None, changes=tuple(changes), left=())
    plan = Plan((one, one))
    assert (plan.count(), plan.count("create"), plan.count("change"), plan.count("delete")) == (6, 4, 0, 2)
