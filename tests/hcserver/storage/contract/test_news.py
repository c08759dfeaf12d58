from __future__ import annotations

from uuid import uuid4

from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import later


async def test_news_reach_the_other_processes_and_not_their_publisher(
    storage: Storage, other: Storage
) -> None:
    check, project = uuid4(), uuid4()
    await storage.news.publish(later(5), project)
    await storage.news.publish_checks(later(5), project, [check])
    found = {(item.subject, item.project) for item in await other.news.since(later(5))}
    assert found == {(check, project), (project, None)}
    assert await storage.news.since(later(5)) == []


async def test_news_are_read_from_a_moment_on_and_each_has_an_id_of_its_own(
    storage: Storage, other: Storage
) -> None:
    project, check = uuid4(), uuid4()
    for second in (1, 2, 3):
        await storage.news.publish_checks(later(second), project, [check])
    found = await other.news.since(later(2))
    assert [item.subject for item in found] == [check, check]
    assert len({item.message for item in found}) == 2
