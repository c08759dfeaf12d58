from __future__ import annotations

from hcserver.declaration.differences import changed, chosen, differences
from hcserver.declaration.plan import FieldChange


def test_settings_differ_by_their_values_and_by_being_there() -> None:
    before = {"name": "a", "timeout": 60, "grace": 60}
    after = {"name": "a", "schedule": "daily", "grace": 90}
    assert differences(before, after) == (
        FieldChange("schedule", None, "daily"),
        FieldChange("grace", 60, 90),
        FieldChange("timeout", 60, None),
    )
    assert changed(before, after) == {"schedule": "daily", "grace": 90}
    assert differences(after, after) == ()


def test_of_something_new_only_what_is_no_default_is_shown() -> None:
    assert chosen({"grace": 60, "tags": "", "schedule": "daily"}, {"grace": 3600, "tags": ""}) == (
        FieldChange("grace", None, 60),
        FieldChange("schedule", None, "daily"),
    )
