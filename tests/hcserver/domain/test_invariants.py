from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.invariants import (
    FlipSummary,
    LoggedPing,
    LogSummary,
    behind_kept_failures,
    faults,
    is_behind,
    summary_of_flips,
    summary_of_log,
)
from hcserver.domain.ping import Signal
from hcserver.domain.state_machine import Step, expire, pause, record, resume
from tests.hcserver.domain.check_life import CheckLife, Happening

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NEW = Check(id=UUID(int=1), project=UUID(int=2), created=NOW, badge=UUID(int=3))


class Life:
    """A check with its log and its flips, an hour between any two things that happen to it."""

    def __init__(self) -> None:
        self.check = NEW
        self.pings: list[LoggedPing] = []
        self.flips: list[Flip] = []
        self.now = NOW

    def ping(self, signal: Signal) -> Life:
        self.now += timedelta(hours=1)
        self.pings.append(LoggedPing(len(self.pings) + 1, self.now, signal))
        return self.take(record(self.check, signal, self.now))

    def take(self, step: Step) -> Life:
        self.check = step.check
        self.flips += [step.flip] if step.flip else []
        return self

    def faults(self, **changes: Any) -> list[str]:
        check = replace(self.check, **changes)
        return list(faults(check, check.due, summary_of_log(self.pings), summary_of_flips(self.flips)))


def life(*signals: Signal) -> Life:
    made = Life()
    for signal in signals:
        made.ping(signal)
    return made


def test_a_check_without_pings_has_no_faults() -> None:
    assert Life().faults() == []


def test_a_check_that_follows_its_log_has_no_faults() -> None:
    assert life("start", "success", "log", "fail", "success", "ign").faults() == []


def test_a_gap_in_the_log_is_a_fault() -> None:
    broken = life("success", "success", "success", "success")
    del broken.pings[1:3]
    assert broken.faults() == ["2 pings between numbers 1 and 4 are missing in its log"]


def test_pings_that_were_pruned_are_no_fault() -> None:
    pruned = life("success", "success", "success")
    del pruned.pings[:2]
    assert pruned.faults() == []


def test_a_log_without_its_end_is_a_fault() -> None:
    cut = life("success", "log", "log")
    del cut.pings[-1]
    assert cut.faults() == ["its log ends with ping 2, but the check counts 3 pings"]


def test_a_log_that_was_cleared_is_no_fault() -> None:
    cleared = life("success", "log")
    cleared.pings = []
    assert cleared.faults(cleared=2) == []


def test_a_hole_behind_the_pings_that_count_is_a_fault() -> None:
    broken = life("success")
    broken.pings = [LoggedPing(4, broken.now, "success")]
    assert broken.faults() == ["its log goes on with ping 4, but the check counts 1 pings"]


def test_a_check_that_is_behind_its_log_is_not_compared_with_it() -> None:
    behind = life("success")
    behind.pings.append(LoggedPing(2, behind.now, "fail"))
    assert is_behind(behind.check, summary_of_log(behind.pings))
    assert behind.faults() == []


def test_a_check_that_the_scheduler_does_not_find_in_time_is_a_fault() -> None:
    made = life("success")
    (fault,) = faults(made.check, None, summary_of_log(made.pings), summary_of_flips(made.flips))
    assert fault == "the scheduler looks at it at no time instead of 2026-03-02T14:00:00.000+00:00"


def test_another_deadline_than_the_settings_give_is_a_fault() -> None:
    (fault,) = life("success").faults(alert_after=NOW)
    assert fault.startswith("it goes down at 2026-03-01T12:00:00.000+00:00 instead of 2026-03-02T14")


def test_a_flip_that_is_missing_is_a_fault() -> None:
    broken = life("success", "fail", "success")
    del broken.flips[1]
    assert broken.faults() == ["1 of its flips from number 1 on are missing"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"n_flips": 3}, "its last flip has number 1, but the check counts 3 flips"),
        ({"status": "new", "alert_after": None}, "its status is new, but its last flip made it up"),
        ({"flipped_at": NOW}, "its last flip was at 2026-03-01T13:00"),
    ],
)
def test_the_last_flip_settles_the_status(changes: dict[str, Any], fault: str) -> None:
    assert life("success").faults(**changes)[0].startswith(fault)


def test_the_newest_success_or_failure_is_the_last_ping() -> None:
    broken = life("success", "success")
    kept = broken.check.last_ping
    assert kept is not None
    old = replace(broken.check, last_ping=kept - timedelta(hours=1))
    found = list(faults(old, old.due, summary_of_log(broken.pings), summary_of_flips(broken.flips)))
    assert "its last ping was at 2026-03-01T14:00:00.000+00:00, but the check says 2026-03-01T13" in found[-1]


def test_the_newest_success_or_failure_settles_the_status() -> None:
    log, none = summary_of_log(life("success").pings), FlipSummary()
    after_success = replace(life("success").check, status="down", alert_after=None)
    assert "its status is down, but ping 1 was a success" in list(
        faults(after_success, after_success.due, log, none)
    )
    after_failure = life("fail")
    up = replace(after_failure.check, status="up")
    found = list(faults(up, up.due, summary_of_log(after_failure.pings), none))
    assert "its status is up, but ping 1 was a failure" in found


def test_pauses_and_resumptions_are_no_faults() -> None:
    made = life("fail")
    made.take(pause(made.check, made.now)).take(resume(made.check, made.now))
    assert made.check.status == "new"
    assert made.faults() == []


def test_summaries_take_their_records_in_any_order() -> None:
    pings = [LoggedPing(n, NOW, "success") for n in (3, 1, 2)]
    assert summary_of_log(pings) == LogSummary(3, 1, 3, LoggedPing(3, NOW, "success"))
    flips = life("success", "fail", "success").flips
    assert summary_of_flips(reversed(flips)) == summary_of_flips(flips)


def test_kept_failures_are_no_part_of_the_summary_of_a_log() -> None:
    made = life("success", "fail", "success", "log", "log")
    check = replace(made.check, kept_failures=(2,), log_from=4)
    del made.pings[2], made.pings[0]
    summary = summary_of_log(made.pings).without_kept_failures(check)
    assert (summary.count, summary.first, summary.last, summary.missing, summary.end) == (2, 4, 5, 0, None)
    with_end = summary_of_log([*made.pings, LoggedPing(6, NOW, "success")]).without_kept_failures(check)
    assert (with_end.missing, with_end.end) == (0, LoggedPing(6, NOW, "success"))
    assert summary_of_log(made.pings).without_kept_failures(NEW) == summary_of_log(made.pings)


@pytest.mark.parametrize(
    ("log", "first"),
    [
        ("2f 5f 9s 10s", 9),
        ("2f 3f 9f 10s", 9),
        ("1f 2f 3s", 1),
        ("2s 5f 9s", 2),
        ("2f 5s 9s", 5),
        ("4f", 4),
    ],
)
def test_only_failures_may_be_in_front_of_a_gap_that_pruning_has_left(log: str, first: int) -> None:
    types: dict[str, Signal] = {"f": "fail", "s": "success"}
    pings = [LoggedPing(int(one[:-1]), NOW, types[one[-1]]) for one in log.split()]
    assert behind_kept_failures(pings)[0].n == first
    assert behind_kept_failures([]) == []


class ExaminedLife(CheckLife):
    """Whatever happens to a check, nothing of it is taken for a fault."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[LoggedPing] = []

    def do(self, happening: Happening) -> Step:
        pings = self.check.n_pings
        step = super().do(happening)
        if step.check.n_pings > pings:
            self.log.append(LoggedPing(step.check.n_pings, *self.last_report))
        return step

    @invariant()
    def nothing_is_wrong(self) -> None:
        if hasattr(self, "check"):
            log, flips = summary_of_log(self.log), summary_of_flips(self.flips)
            assert list(faults(self.check, self.check.due, log, flips)) == []


ExaminedLife.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
test_no_life_of_a_check_has_faults = ExaminedLife.TestCase


def test_a_run_that_was_too_short_is_the_reason_why_a_check_is_down_after_a_success() -> None:
    short = Life()
    short.check = replace(NEW, min_runtime=7200, grace=10_000)
    short.ping("start").ping("success")
    assert short.faults() == []
    assert short.faults(too_short=False, failed_at=None) == ["its status is down, but ping 2 was a success"]
    up = life("success")
    assert up.faults(too_short=True) == ["its status is up, but ping 1 was a failure"]


def test_a_success_that_was_not_enough_leaves_the_check_down() -> None:
    recovering = Life()
    recovering.check = replace(NEW, successes_before_up=2)
    recovering.ping("fail").ping("success")
    assert recovering.faults() == []
    # The setting is taken away later, or another run is missed.
    assert recovering.faults(successes_before_up=1) == []
    missed = expire(recovering.check, recovering.now + timedelta(days=2)).check
    assert (missed.status, missed.successes) == ("down", 0)
    recovering.check = missed
    assert recovering.faults() == []
