from __future__ import annotations

from datetime import timedelta

from hcserver.declaration.diff_lines import diff_lines, document, summary
from tests.hcserver.declaration.samples import NOW, channel, check, lab, planned, present

THERE = present(
    [channel("ops"), channel("hook", "webhook", "https://example.org/a")], [check("a"), check("b")]
)
WANTED = lab(
    channels=[{"name": "hook", "kind": "webhook", "target": "https://example.org/b"}],
    checks=[{"slug": "a", "grace": 60, "desc": "x" * 300}],
    windows=[{"name": "move", "start": NOW, "end": NOW + timedelta(hours=1)}],
)


def test_a_plan_is_shown_line_by_line_in_colours() -> None:
    lines = list(diff_lines(planned(WANTED, THERE)))
    assert [line for line, _ in lines] == [
        "Lab:",
        "  ~ channel hook",
        '      target: "https://example.org/****" -> "https://example.org/****" (another one)',
        "  ~ check a",
        f'      desc: "" -> "{"x" * 199}…',
        "      grace: 3600 -> 60",
        "  + window move",
        "      start = 2030-01-01T00:00:00Z",
        "      end = 2030-01-01T01:00:00Z",
        "  = check b: not in the file",
        "  = channel ops: not in the file",
    ]
    colours = [colour for _, colour in lines]
    assert colours == ["", *["yellow"] * 5, *["green"] * 3, *["bright_black"] * 2]
    pruned = list(diff_lines(planned(WANTED, THERE, prune=True)))
    assert pruned[-2:] == [("  - check b", "red"), ("  - channel ops", "red")]


def test_a_value_that_has_gone_is_none() -> None:
    there = present([], [check("a", kind="cron", schedule="5 4 * * *")])
    lines = [line.strip() for line, _ in diff_lines(planned(lab(checks=[{"slug": "a"}]), there))]
    assert lines[2:] == ["timeout: none -> 86400", 'schedule: "5 4 * * *" -> none', 'tz: "UTC" -> none']


def test_a_project_of_which_nothing_is_to_be_said_is_not_shown() -> None:
    assert list(diff_lines(planned(lab(), present()))) == []


def test_the_summary_counts_the_changes() -> None:
    plan = planned(WANTED, THERE, prune=True)
    assert summary(plan, dry_run=False) == "Created 1, changed 2, deleted 2."
    assert summary(plan, dry_run=True) == (
        "1 to create, 2 to change, 2 to delete. Nothing was changed, as this was a dry run."
    )
    nothing = planned(lab(), present())
    assert summary(nothing, dry_run=True) == summary(nothing, dry_run=False) == "Nothing to change."


def test_programs_get_the_same() -> None:
    shown = document(planned(WANTED, THERE))
    assert shown["changes"][1]["project"] == "Lab"
    assert [(one["action"], one["what"], one["name"]) for one in shown["changes"]] == [
        ("change", "channel", "hook"), ("change", "check", "a"), ("create", "window", "move"),
    ]  # fmt: skip
    assert shown["left"][0] == {"project": "Lab", "what": "check", "name": "b", "why": "not in the file"}
