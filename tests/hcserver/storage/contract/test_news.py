from __future__ import annotations

from uuid import uuid4

from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import later


async def test_news_reach_the_other_processes_and_not_their_publisher(
    storage: Storage, other: Storage
) -> None:
    check, project = uuid4(), uuid4()
    await storage.news.publish(later(5), check, project)
    assert {subject for _, subject in await other.news.since(later(5))} == {check, project}
    assert await storage.news.since(later(5)) == []


async def test_news_are_read_from_a_moment_on_and_each_has_an_id_of_its_own(
    storage: Storage, other: Storage
) -> None:
    check = uuid4()
    for second in (1, 2, 3):
        await storage.news.publish(later(second), check)
    found = await other.news.since(later(2))
    assert [subject for _, subject in found] == [check, check]
    assert len({id for id, _ in found}) == 2
