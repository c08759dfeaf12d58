from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping, Signal
from hcserver.domain.state_machine import Step
from hcserver.errors import Conflict, NotFound
from hcserver.services.intake.cached_check import CachedCheck, PendingChange
from hcserver.storage.checks import Outbox, Stored
from tests.hcserver.services.conftest import START

CHECK = Check(id=uuid4(), project=uuid4(), created=START, badge=uuid4())


def ping(n: int, signal: Signal = "success") -> Ping:
    return Ping(check=CHECK.id, n=n, at=START, type=signal, scheme="http", remote_addr="")


def rename(name: str) -> Any:
    return lambda check: Step(replace(check, name=name))


def conflict(check: Check) -> Step:
    raise Conflict("not possible any more")


def test_the_next_moment_is_the_earlier_one_of_memory_and_database() -> None:
    late, later = START + timedelta(seconds=5), START + timedelta(seconds=9)
    for stored, check, expected in ((None, None, None), (late, None, late), (None, late, late)):
        cached = CachedCheck(Stored(replace(CHECK, alert_after=stored), rev=1))
        cached.check = replace(CHECK, alert_after=check)
        assert cached.next_moment == expected
    cached = CachedCheck(Stored(replace(CHECK, alert_after=later), rev=1))
    cached.check = replace(CHECK, alert_after=late)
    assert cached.next_moment == late
    cached.check = replace(CHECK, alert_after=later)
    assert cached.next_moment == later


async def test_a_check_has_news_until_its_flips_are_published() -> None:
    cached = CachedCheck(Stored(CHECK, rev=1))
    assert not cached.has_news
    cached.count_ping(ping(1))
    assert cached.has_news
    cached.note_written(cached.snapshot())
    assert cached.has_news
    cached.outbox_published = True
    cached.count_ping(ping(2))
    assert (cached.has_news, cached.unwritten) == (False, True)
    cached.outdated = True
    assert cached.has_news


async def test_a_ping_changes_the_state_and_makes_it_unwritten() -> None:
    cached = CachedCheck(Stored(CHECK, rev=1))
    assert not cached.unwritten
    step = cached.count_ping(ping(1))
    assert step.flip is not None
    assert (cached.check.status, cached.stored.status, cached.unwritten_pings) == ("up", "new", 1)
    assert cached.outbox.flips == (step.flip,)
    assert cached.unwritten


async def test_what_happens_during_a_write_is_still_unwritten_afterwards() -> None:
    cached = CachedCheck(Stored(CHECK, rev=1))
    cached.count_ping(ping(1))
    snapshot = cached.snapshot()
    cached.count_ping(ping(2, "fail"))
    cached.note_written(snapshot)
    assert (cached.revision, cached.stored.n_pings, cached.unwritten_pings) == (2, 1, 1)
    assert [flip.new for flip in cached.stored_outbox.flips] == ["up"]
    assert [flip.new for flip in cached.outbox.flips] == ["down"]


async def test_rebuilding_takes_document_and_log_and_repeats_the_changes_that_are_waited_for() -> None:
    cached = CachedCheck(Stored(CHECK, rev=1))
    wanted, impossible, given_up = (PendingChange(apply) for apply in (rename("new"), conflict, rename("x")))
    given_up.written.cancel()
    cached.changes = [wanted, impossible, PendingChange(None), given_up]
    cached.outdated = cached.tokens_known = True
    by_another_process = replace(CHECK, tags="theirs", n_pings=1)
    cached.rebuild(Stored(by_another_process, rev=7), [ping(2)])
    assert (cached.check.name, cached.check.tags, cached.check.n_pings) == ("new", "theirs", 2)
    assert (cached.revision, cached.unwritten_pings) == (7, 1)
    assert not (cached.outdated or cached.tokens_known)
    assert [change.apply for change in cached.changes] == [wanted.apply, None]
    with pytest.raises(Conflict):
        await impossible.written


async def test_those_who_wait_are_answered_with_the_check_or_with_the_error() -> None:
    cached = CachedCheck(Stored(CHECK, rev=1))
    cached.changes = [first, second] = [PendingChange(rename("a")), PendingChange(None)]
    cached.finish([first])
    assert await first.written is CHECK
    assert cached.changes == [second]
    cached.fail_changes(NotFound("gone"))
    with pytest.raises(NotFound):
        await second.written
    assert cached.changes == []


async def test_a_snapshot_is_late_when_somebody_has_stopped_waiting_for_its_change() -> None:
    cached = CachedCheck(Stored(CHECK, rev=1))
    cached.changes = [waiting, change] = [PendingChange(None), PendingChange(rename("a"))]
    snapshot = cached.snapshot()
    waiting.written.cancel()
    assert not snapshot.late
    change.written.cancel()
    assert snapshot.late


def test_an_outbox_in_the_document_is_work_to_do() -> None:
    cached = CachedCheck(Stored(CHECK, rev=1))
    cached.count_ping(ping(1))
    assert CachedCheck(Stored(CHECK, rev=1, outbox=cached.outbox)).unwritten
    assert not CachedCheck(Stored(CHECK, rev=1, outbox=Outbox())).unwritten
