from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.services.importing.plan import Existing, Plan, Step, make_plan
from hcserver.services.importing.source import Source, SourceCheck

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROJECT = uuid4()


def source(
    id: UUID | None = None, paused: bool = False, channels: tuple[str, ...] | None = (), **fields: object
) -> SourceCheck:
    return SourceCheck(id=id, address="", fields=fields, channels=channels, paused=paused)


def ours(id: UUID | None = None, **fields: Any) -> Check:
    return Check(id=id or uuid4(), project=PROJECT, created=NOW, badge=uuid4(), **fields)


def channel(name: str) -> Channel:
    return Channel(id=uuid4(), project=PROJECT, created=NOW, kind="email", target="a@b.c", name=name)


def plan(
    *checks: SourceCheck,
    ours: tuple[Check, ...] = (),
    new_ids: bool = False,
    names: tuple[str, ...] = (),
    **existing: Any,
) -> Plan:
    there = Existing(**{"channels": (), **existing, "checks": ours})
    return make_plan(Source(checks=checks, channels=names), there, new_ids=new_ids)


def only(plan: Plan) -> Step:
    (step,) = plan.steps
    return step


def test_a_check_that_is_not_there_is_created_with_its_id() -> None:
    id = uuid4()
    step = only(plan(source(id, name="Backup", timeout=600)))
    assert (step.action, step.check, step.paused) == ("create", id, None)
    assert step.spec is not None
    assert step.spec.changes == {"name": "Backup", "timeout": 600, "kind": "simple"}
    assert step.spec.channels == ""  # not those that new checks get


def test_a_check_that_is_the_same_is_unchanged() -> None:
    id = uuid4()
    copy = ours(id, name="Backup", kind="cron", schedule="5 4 * * *", tz="Europe/Riga", desc="mine")
    step = only(plan(source(id, name="Backup", schedule="5 4 * * *", tz="Europe/Riga"), ours=(copy,)))
    assert (step.action, step.changes, step.spec, step.paused) == ("unchanged", (), None, None)


def test_what_differs_is_changed() -> None:
    id = uuid4()
    copy = ours(id, name="Backup", tags="a", timeout=600)
    step = only(plan(source(id, name="Nightly", tags="a", schedule="5 4 * * *", tz="UTC"), ours=(copy,)))
    assert (step.action, step.check, step.changes) == ("change", id, ("name", "kind", "schedule"))


def test_old_keywords_count_as_those_of_today() -> None:
    id = uuid4()
    copy = ours(id, success_kw="OK", filter_subject=True)
    assert only(plan(source(id, subject="OK", subject_fail=""), ours=(copy,))).action == "unchanged"
    changed = only(plan(source(id, subject="", subject_fail=""), ours=(copy,)))
    assert changed.changes == ("success_kw", "filter_subject")


def test_a_faulty_field_refuses_its_check_and_no_other() -> None:
    good, bad = uuid4(), uuid4()
    found = plan(source(bad, timeout=5), source(good, timeout=60))
    assert [(step.action, step.fault) for step in found.steps] == [
        ("refuse", "timeout is too small"),
        ("create", ""),
    ]
    assert [step.source.id for step in found.of("create")] == [good]


def test_settings_that_do_not_go_together_with_those_here_refuse_their_check() -> None:
    id = uuid4()
    copy = ours(id, success_exit_statuses=(3,))
    step = only(plan(source(id, ignored_exit_statuses=[3]), ours=(copy,)))
    assert (step.action, step.fault) == ("refuse", "ignored_exit_statuses has 3, which is a success")


def test_a_check_that_another_project_has_is_refused() -> None:
    taken, deleted = uuid4(), uuid4()
    found = plan(source(taken), source(deleted), elsewhere={taken}, deleted={deleted})
    assert [step.action for step in found.steps] == ["refuse", "refuse"]
    assert "another project" in found.steps[0].fault
    assert "--new-ids" in found.steps[0].fault
    assert "was deleted here" in found.steps[1].fault


def test_an_id_that_the_source_has_twice_is_refused_the_second_time() -> None:
    id = uuid4()
    assert [step.action for step in plan(source(id), source(id)).steps] == ["create", "refuse"]


def test_with_new_ids_the_copy_is_the_check_with_the_same_slug() -> None:
    one, copy = source(uuid4(), slug="backup", name="New"), ours(slug="backup", name="Old")
    step = only(plan(one, ours=(ours(name="New"), copy), new_ids=True))
    assert (step.action, step.check, step.changes) == ("change", copy.id, ("name",))
    assert only(plan(one, new_ids=True)).check is None


def test_without_slugs_the_name_counts_and_several_belong_together_in_their_order() -> None:
    checks = [source(uuid4(), name="Backup", timeout=60 * n) for n in (1, 2, 3)]
    copies = (ours(name="Backup", timeout=60), ours(name="Backup", timeout=120))
    found = plan(*checks, ours=copies, new_ids=True)
    assert [(step.action, step.check) for step in found.steps] == [
        ("unchanged", copies[0].id),
        ("unchanged", copies[1].id),
        ("create", None),
    ]


def test_a_copy_that_was_given_a_slug_here_is_still_found_by_its_name() -> None:
    copy = ours(name="Backup", slug="backup")
    assert only(plan(source(name="Backup"), ours=(copy,))).check == copy.id


def test_no_check_is_the_copy_of_two() -> None:
    copy = ours(name="Backup", slug="backup")
    found = plan(source(slug="backup", name="New"), source(name="Backup"), ours=(copy,))
    assert [(step.action, step.check) for step in found.steps] == [("change", copy.id), ("create", None)]


def test_a_source_without_ids_is_compared_in_the_same_way() -> None:
    copy = ours(name="Backup")
    assert only(plan(source(name="Backup"), ours=(copy,))).check == copy.id


def test_a_paused_check_is_created_paused() -> None:
    assert only(plan(source(uuid4(), paused=True))).paused is True


def test_the_source_says_whether_it_is_paused_until_the_copy_is_pinged() -> None:
    id = uuid4()
    running, paused = ours(id), ours(id, status="paused")
    step = only(plan(source(id, paused=True), ours=(running,)))
    assert (step.action, step.changes, step.paused, step.spec) == ("change", ("paused",), True, None)
    assert only(plan(source(id), ours=(paused,))).paused is False
    for copy in (running, paused):
        pinged = replace(copy, n_pings=1)
        for is_paused in (True, False):
            assert only(plan(source(id, paused=is_paused), ours=(pinged,))).action == "unchanged"


def test_channels_are_found_by_their_names() -> None:
    ops, other = channel("Ops"), channel("Other")
    found = plan(
        source(uuid4(), channels=("Ops", "Pager", "")), channels=(ops, other), names=("Ops", "Pager")
    )
    spec = only(found).spec
    assert spec is not None
    assert spec.channels == str(ops.id)
    assert found.warnings == (
        "1 check has a channel of the name 'Pager' at the source, but this project has no channel of that "
        "name: it is left out",
        "1 check has a channel without a name at the source: it is left out",
    )


def test_a_name_that_several_channels_have_finds_none() -> None:
    found = plan(
        *(source(uuid4(), channels=("Ops",)) for _ in range(2)), channels=(channel("Ops"), channel("Ops"))
    )
    assert found.warnings == (
        "2 checks have a channel of the name 'Ops' at the source, but this project has 2 channels of that "
        "name: it is left out",
    )


def test_channels_follow_the_source_as_far_as_it_has_them() -> None:
    id, ops, pager, mine = uuid4(), channel("Ops"), channel("Pager"), channel("Mine")
    channels, names = (ops, pager, mine), ("Ops", "Pager")
    copy = ours(id, channels=(pager.id, mine.id))
    step = only(plan(source(id, channels=("Ops",)), ours=(copy,), channels=channels, names=names))
    assert step.changes == ("channels",)
    assert step.spec is not None
    assert step.spec.channels == f"{mine.id},{ops.id}"
    same = ours(id, channels=(mine.id, ops.id))
    unchanged = plan(source(id, channels=("Ops",)), ours=(same,), channels=channels, names=names)
    assert only(unchanged).action == "unchanged"


def test_where_the_channels_are_unknown_they_stay() -> None:
    id, ops = uuid4(), channel("Ops")
    copy = ours(id, channels=(ops.id,))
    step = only(plan(source(id, channels=None), ours=(copy,), channels=(ops,), names=("Ops",)))
    assert step.action == "unchanged"
    created = only(plan(source(uuid4(), channels=None))).spec
    assert created is not None
    assert created.channels is None


def test_a_limit_that_goes_against_a_setting_of_the_copy_refuses_the_check() -> None:
    id = uuid4()
    step = only(plan(source(id, name="a", grace=300), ours=(ours(id, name="a", min_runtime=600),)))
    assert (step.action, step.spec) == ("refuse", None)
    assert step.fault is not None and step.fault.startswith("min_runtime is not less than grace")


def test_dependencies_follow_the_source_as_far_as_it_has_some() -> None:
    nas, job, unknown = uuid4(), uuid4(), uuid4()
    sources = source(nas), replace(source(job), depends_on=(unknown, nas))
    there = ours(nas), ours(job, depends_on=(nas,))
    assert [step.action for step in plan(*sources, ours=there).steps] == ["unchanged", "unchanged"]
    there = ours(nas), ours(job)
    step = plan(*sources, ours=there).steps[1]
    assert (step.action, step.changes, step.spec) == ("change", ("depends_on",), None)
    there = ours(nas), ours(job, depends_on=(unknown,))
    assert plan(source(nas), source(job), ours=there).of("change") == []
