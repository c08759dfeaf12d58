from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from hcserver.validation.channel import DISABLED
from tests.hcserver.declaration.samples import NOW, channel, check, group, present, window


def test_only_what_has_a_name_of_its_own_is_found_by_it() -> None:
    ops, hook = channel("ops"), channel("hook")
    lab = present(
        [ops, hook, channel(""), channel("twice"), channel("twice")],
        [check("a"), check(""), check("b"), check("b")],
        [window("w"), window(""), window("v"), window("v")],
    )
    assert lab.channels == {"ops": ops, "hook": hook}
    assert (list(lab.checks), list(lab.windows)) == (["a"], ["w"])
    assert lab.is_shared("channel", "twice") and not lab.is_shared("channel", "ops")
    assert lab.is_shared("check", "b") and not lab.is_shared("check", "c")
    assert lab.is_shared("window", "v") and not lab.is_shared("window", "w")


def test_what_no_file_can_declare_is_listed_with_the_reason() -> None:
    nameless, slugless = channel(""), check("", name="Old job")
    twins = [check("b"), check("b")]
    of_slugless = window("night", check=slugless.id, start=NOW, end=NOW)
    unnamed = window("")
    lab = present([nameless], [slugless, *twins, check("c")], [of_slugless, unnamed, window("w")])
    assert [(one.what, one.shown, one.why) for one in lab.unnamed()] == [
        ("channel", f"email {nameless.id}", "it has no name"),
        ("check", f"Old job {slugless.id}", "it has no slug"),
        ("check", "b", "several have this slug"),
        ("check", "b", "several have this slug"),
        ("window", "night", "a file can't name its check"),
        ("window", str(unnamed.id), "it has no name"),
    ]


def test_channels_are_told_apart_by_whether_a_file_can_name_them() -> None:
    ops, nameless, hook = channel("ops"), channel(""), channel("hook")
    lab = present([ops, nameless, hook])
    gone = uuid4()
    assert lab.named([hook.id, nameless.id, gone, ops.id]) == ("ops", "hook")
    assert lab.others([hook.id, nameless.id, gone, ops.id]) == (nameless.id,)
    assert lab.members(group("all", [hook, ops])) == (hook.id, ops.id)
    assert lab.members(channel("broken", "group", "")) == ()


def test_a_check_has_a_period_or_a_schedule() -> None:
    lab = present()
    assert lab.check_settings(check("a", timeout=60)).items() >= {"timeout": 60, "name": "a"}.items()
    assert "schedule" not in lab.check_settings(check("a", timeout=60))
    settings = lab.check_settings(check("a", kind="cron", schedule="5 4 * * *", tz="UTC"))
    assert "timeout" not in settings
    assert (settings["schedule"], settings["tz"]) == ("5 4 * * *", "UTC")


def test_only_a_channel_that_its_owner_has_disabled_counts_as_disabled() -> None:
    lab = present()
    assert lab.channel_settings(channel("ops", error=DISABLED))["disabled"]
    assert not lab.channel_settings(channel("ops", error="410 Gone"))["disabled"]
    assert lab.channel_settings(channel("ops", events=("up", "down")))["events"] == ("down", "up")


def test_a_window_names_its_check_by_its_slug() -> None:
    backup, slugless = check("backup"), check("")
    lab = present([], [backup, slugless])
    end = NOW + timedelta(hours=1)
    assert lab.window_settings(window("w", check=backup.id, start=NOW, end=end)) == {
        "check": "backup", "start": NOW, "end": end,
    }  # fmt: skip
    strange = lab.window_settings(window("w", check=slugless.id, start=NOW, end=end))["check"]
    assert strange == f"id:{slugless.id}"


def test_dependencies_are_named_by_slugs_as_far_as_there_are_some() -> None:
    nas, slugless = check("nas"), check("")
    job = check("job", depends_on=(slugless.id, nas.id))
    assert present([], [nas, slugless, job]).check_settings(job)["depends_on"] == ("nas",)
