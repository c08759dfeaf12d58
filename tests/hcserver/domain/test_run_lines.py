from __future__ import annotations

from msgspec.structs import replace

from hcserver.domain.keywords import Reason
from hcserver.domain.run_lines import Run, has_open_end, match_runs
from tests.hcserver.domain.test_runs import A, log


def shown(runs: list[Run]) -> list[tuple[str, int, int | None, float | None]]:
    return [(run.outcome, run.ping.n, run.start.n if run.start else None, run.duration) for run in runs]


def test_a_start_and_its_end_are_one_run() -> None:
    pings = log(("start", 0, None), ("log", 1, None), ("fail", 4, None), ("success", 9, None))
    assert shown(match_runs(pings)) == [
        ("success", 4, None, None),
        ("fail", 3, 1, 4.0),
        ("log", 2, None, None),
    ]


def test_a_start_without_an_end_is_a_run_that_has_not_ended() -> None:
    pings = log(("start", 0, None), ("start", 5, A), ("success", 6, None))
    assert shown(match_runs(pings)) == [("success", 3, 1, 6.0), ("start", 2, None, None)]


def test_a_start_is_found_behind_the_pings_that_are_shown() -> None:
    pings = log(("start", 0, None), ("log", 1, None), ("success", 2, None))
    assert shown(match_runs(pings[:1], older=pings[1:])) == [("success", 3, 1, 2.0)]


def test_a_start_whose_end_was_shown_before_is_left_out() -> None:
    pings = log(("success", 0, None), ("start", 1, None), ("success", 2, None))
    assert shown(match_runs(pings[1:], newer=pings[:1])) == [("success", 1, None, None)]


def test_runs_are_what_started_or_ended() -> None:
    pings = log(("start", 0, None), ("ign", 1, None), ("log", 2, None), ("fail", 3, A))
    assert [run.is_run for run in match_runs(pings)] == [True, False, False, True]


def test_a_run_whose_exit_status_is_ignored_is_one() -> None:
    pings = log(("start", 0, None), ("ign", 2, None))
    pings[0] = replace(pings[0], reason=Reason(signal="ign", keyword=None, where="exit status"))
    runs = match_runs(pings)
    assert shown(runs) == [("ign", 2, 1, 2.0)]
    assert runs[0].is_run


def test_an_end_without_a_start_is_open() -> None:
    assert has_open_end(log(("success", 0, None)))
    assert not has_open_end(log(("start", 0, None), ("success", 0, None)))
    assert not has_open_end([])


def test_a_success_that_came_too_soon_is_a_run_that_was_too_short() -> None:
    pings = log(("start", 0, None), ("success", 4, None), ("start", 5, None), ("fail", 6, None))
    runs = match_runs(pings, min_runtime=5)
    assert shown(runs) == [("fail", 4, 3, 1.0), ("short", 2, 1, 4.0)]
    assert [run.is_run for run in runs] == [True, True]
    assert shown(match_runs(pings, min_runtime=4))[1] == ("success", 2, 1, 4.0)
