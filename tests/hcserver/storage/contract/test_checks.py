from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.alert import Alert
from hcserver.domain.flip import Flip
from hcserver.domain.identifiers import unique_key
from hcserver.domain.state_machine import Step
from hcserver.errors import Unavailable
from hcserver.storage import Storage
from hcserver.storage import checks as checks_module
from hcserver.storage.checks import Outbox, Write
from tests.hcserver.storage.contract.records import NOW, a_check, later, server_only
from tests.hcserver.storage.stores import storage_of


async def test_a_check_comes_back_as_it_was_inserted(storage: Storage) -> None:
    check = a_check(
        name="ünïcode", tags="a b", kind="cron", channels=(uuid4(), uuid4()), last_ping=NOW,
        last_duration=1.5, last_start=NOW, last_start_rid=uuid4(), alert_after=NOW, filter_body=True,
    )  # fmt: skip
    await storage.checks.insert(check)
    stored = (await storage.checks.load([check.id, uuid4()]))[check.id]
    assert (stored.check, stored.rev, stored.outbox) == (check, 1, Outbox())


async def test_checks_are_stored_together_as_one_by_one(storage: Storage, database: Any) -> None:
    apart = [a_check(), a_check(alert_after=NOW, status="up")]
    together = [a_check(), a_check(alert_after=NOW, status="up")]
    for check in apart:
        await storage.checks.insert(check)
    await storage.checks.insert_all(together)
    stored = await storage.checks.load(check.id for check in together)
    assert [stored[check.id].check for check in together] == together
    assert [await storage.checks.aliased(check.badge.hex) for check in together] == [
        check.id for check in together
    ]
    for one, other in zip(apart, together, strict=True):
        first, second = [await database["checks"].find_one({"_id": check.id}) for check in (one, other)]
        assert first.keys() == second.keys()
        assert (second["rev"], second.get("due")) == (1, first.get("due"))


async def test_it_is_known_which_slugs_of_a_project_are_taken(storage: Storage) -> None:
    project = uuid4()
    slugs = [f"c{n}" for n in range(120)]
    await storage.checks.insert_all([a_check(project=project, slug=slug) for slug in slugs[::2]])
    await storage.checks.insert(a_check(slug="c1"))  # of another project
    assert await storage.checks.slugs_taken(project, slugs) == set(slugs[::2])
    assert await storage.checks.slugs_taken(project, []) == set()


async def test_more_checks_than_one_query_takes_are_loaded(storage: Storage) -> None:
    checks = [a_check() for _ in range(120)]
    for check in checks:
        await storage.checks.insert(check)
    assert set(await storage.checks.load(check.id for check in checks)) == {check.id for check in checks}
    assert await storage.checks.load([]) == {}


async def test_a_write_needs_the_revision_that_it_was_made_for(storage: Storage, other: Storage) -> None:
    checks = [a_check() for _ in range(3)]
    for check in checks:
        await storage.checks.insert(check)
    assert not await other.checks.write([Write(checks[1], replace(checks[1], name="other"), 1)])
    writes = [Write(check, replace(check, name="mine"), 1) for check in checks]
    assert await storage.checks.write(writes) == {checks[1].id}
    stored = await storage.checks.load([check.id for check in checks])
    assert [stored[check.id].check.name for check in checks] == ["mine", "other", "mine"]
    assert {one.rev for one in stored.values()} == {2}


async def test_a_write_to_a_check_that_is_gone_is_reported(storage: Storage) -> None:
    check = a_check()
    assert await storage.checks.write([Write(check, replace(check, name="x"), 1)]) == {check.id}
    assert await storage.checks.load([check.id]) == {}


async def test_a_write_carries_flips_and_alerts_until_the_next_write_without_them(storage: Storage) -> None:
    check = a_check()
    flip = Flip(check=check.id, n=1, at=NOW, old="up", new="down", reason="fail")
    alert = Alert(check=check.id, n=1, at=NOW, event="down", reason="fail", since=NOW, ping=3)
    await storage.checks.insert(check)
    down = replace(check, status="down")
    outbox = Outbox((flip,), (alert,))
    assert not await storage.checks.write([Write(check, down, 1, outbox)])
    stored = (await storage.checks.load([check.id]))[check.id]
    assert (stored.check, stored.rev, stored.outbox) == (down, 2, outbox)
    assert not await storage.checks.write([Write(down, down, 2)])
    stored = (await storage.checks.load([check.id]))[check.id]
    assert (stored.rev, stored.outbox) == (3, Outbox())


async def test_a_field_that_becomes_none_is_removed(storage: Storage, database: Any) -> None:
    check = a_check(alert_after=NOW, status="up")
    await storage.checks.insert(check)
    changed = replace(check, alert_after=None, status="paused")
    assert not await storage.checks.write([Write(check, changed, 1)])
    assert "due" not in await database["checks"].find_one({"_id": check.id})
    assert (await storage.checks.load([check.id]))[check.id].check == changed


def test_an_outbox_grows_with_steps_and_shrinks_by_what_was_sent() -> None:
    check = a_check()
    flips = [Flip(check=check.id, n=n, at=NOW, old="up", new="down", reason="fail") for n in (1, 2)]
    alert = Alert(check=check.id, n=1, at=NOW, event="down", reason="fail")
    first = Outbox().plus(Step(check, flips[0], alert))
    both = first.plus(Step(check)).plus(Step(check, flips[1]))
    assert both == Outbox(tuple(flips), (alert,))
    assert both.minus(first) == Outbox((flips[1],))
    assert not both.minus(both)


async def test_due_checks_come_in_the_order_of_their_moments(storage: Storage) -> None:
    moments = [later(seconds) for seconds in (30, 10, 20, 99)]
    checks = [a_check(alert_after=moment) for moment in moments]
    for check in [*checks, a_check()]:
        await storage.checks.insert(check)
    first, second, third = (checks[1].id, moments[1]), (checks[2].id, moments[2]), (checks[0].id, moments[0])
    assert await storage.checks.due(later(30), 10) == [first, second, third]
    assert await storage.checks.due(later(30), 2) == [first, second]
    assert await storage.checks.due(later(30), 10, after=later(10)) == [second, third]


async def test_checks_of_a_project_come_in_the_order_of_their_creation(storage: Storage) -> None:
    project = uuid4()
    for ms, slug in ((3, "a"), (1, "c"), (2, "b")):
        await storage.checks.insert(a_check(slug=slug, project=project, created=later(ms / 1000)))
    await storage.checks.insert(a_check(slug="b"))
    assert [stored.check.slug for stored in await storage.checks.of_project(project)] == ["c", "b", "a"]
    assert [stored.check.slug for stored in await storage.checks.of_project(project, "b")] == ["b"]
    assert await storage.checks.count(project) == 3


async def test_the_checks_of_a_project_are_read_in_small_pieces(storage: Storage) -> None:
    project = uuid4()
    checks = [a_check(project=project) for _ in range(230)]
    for check in [*checks, a_check()]:
        await storage.checks.insert(check)
    pieces = [piece async for piece in storage.checks.pieces_of_project(project)]
    assert [len(piece) for piece in pieces] == [200, 30]
    assert {stored.check.id for piece in pieces for stored in piece} == {check.id for check in checks}


async def test_all_checks_are_scanned_in_batches(storage: Storage) -> None:
    checks = [a_check() for _ in range(230)]
    for check in checks:
        await storage.checks.insert(check)
    batches = [batch async for batch in storage.checks.scan()]
    assert [len(batch) for batch in batches] == [100, 100, 30]
    assert {stored.check.id for batch in batches for stored in batch} == {check.id for check in checks}


async def test_the_numbers_of_all_checks_come_few_at_a_time(storage: Storage) -> None:
    checks = [a_check() for _ in range(4)]
    checks.append(a_check(n_flips=7, n_alerts=3))
    for check in checks:
        await storage.checks.insert(check)
    batches = [batch async for batch in storage.checks.numbers(2)]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert {one for batch in batches for one in batch} == {
        (check.id, check.n_flips, check.n_alerts) for check in checks
    }


async def test_aliases_lead_to_a_check_until_it_is_deleted(storage: Storage) -> None:
    check = a_check()
    await storage.checks.insert(check)
    assert await storage.checks.aliased(unique_key(check.id)) == check.id
    assert await storage.checks.aliased(check.badge.hex) == check.id
    assert await storage.checks.delete(check)
    assert not await storage.checks.delete(check)
    assert await storage.checks.aliased(unique_key(check.id)) is None
    assert await storage.checks.aliased(check.badge.hex) is None


async def test_the_checks_of_many_aliases_are_found(storage: Storage) -> None:
    checks = [a_check() for _ in range(120)]
    for check in checks:
        await storage.checks.insert(check)
    wanted = [check.badge.hex for check in checks]
    found = await storage.checks.aliased_all([*wanted, uuid4().hex])
    assert found == {check.badge.hex: check.id for check in checks}


async def test_a_check_whose_aliases_an_earlier_attempt_has_left_is_inserted(storage: Storage) -> None:
    check = a_check()
    await storage.checks.insert(check)
    await storage.checks._checks.delete_one({"_id": check.id})
    await storage.checks.insert(check)
    assert (await storage.checks.load([check.id]))[check.id].check == check


async def test_the_badge_of_another_check_is_not_taken_away_from_it(storage: Storage) -> None:
    check = a_check()
    await storage.checks.insert(check)
    with pytest.raises(Unavailable):
        await storage.checks.insert(replace(a_check(), badge=check.badge))
    assert await storage.checks.aliased(check.badge.hex) == check.id


@server_only("the mock takes no time")
async def test_reading_all_checks_may_take_longer_than_other_operations(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = storage_of(database).checks
    await store.insert(a_check())
    assert checks_module.SCAN_TIME > 60
    monkeypatch.setattr(checks_module, "SCAN_TIME", 1e-6)  # it takes the place of the client's time
    with pytest.raises(Unavailable):
        [piece async for piece in store.scan()]
    with pytest.raises(Unavailable):
        await store.count(uuid4())
