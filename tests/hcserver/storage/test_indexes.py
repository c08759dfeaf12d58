"""Every query that the stores send is recorded and put to the database's own `explain`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import monitoring

from hcserver.domain.admin_key import AdminKey
from hcserver.domain.api_key import ApiKey
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.member import Member
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.domain.session import Session
from hcserver.domain.status_page import StatusPage, Wall
from hcserver.domain.user import User
from hcserver.storage import Storage
from hcserver.storage.checks import Stored, Write
from hcserver.storage.client import database_of
from hcserver.storage.notifications import Settlement
from hcserver.storage.schema import prepare
from hcserver.storage.written_checks import WrittenCheck
from tests.hcserver.storage.stores import storage_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

# All of a small collection, or all that there is, on purpose.
WHOLE = {
    ("projects", "find"),
    ("checks", "find"),
    ("admin_keys", "find"),
    ("users", "find"),
    ("setup_tokens", "delete"),
}


class Recorder(monitoring.CommandListener):
    def __init__(self) -> None:
        self.commands: list[tuple[str, str, dict[str, Any]]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        command = dict(event.command)
        self.commands.append((event.command_name, str(command.get(event.command_name)), command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass

    def queries(self) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
        """(collection, command, filter, sort) of all that was sent."""
        for name, collection, command in self.commands:
            if name == "find":
                yield collection, name, dict(command["filter"]), dict(command.get("sort", {}))
            elif name == "aggregate":
                yield collection, name, dict(command["pipeline"][0]["$match"]), {}
            for update in command.get("updates", []):
                yield collection, name, dict(update["q"]), {}
            for delete in command.get("deletes", []):
                yield collection, name, dict(delete["q"]), {}


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


async def test_every_query_uses_an_index(mongo_uri: str, recorder: Recorder) -> None:
    client: Any = AsyncIOMotorClient(mongo_uri, uuidRepresentation="standard", event_listeners=[recorder])
    database = database_of(client, f"test_{uuid4().hex}")
    await prepare(database)
    recorder.commands.clear()
    await _use_everything(storage_of(database))

    queries = list(recorder.queries())
    assert len(queries) > 30
    for collection, command, query, sort in queries:
        if not query and (collection, command) in WHOLE:
            continue
        # A condition beside an _id is checked on the document that the _id leads to. The embedded server
        # does so too (its time does not grow with the collection), but its `explain` does not know it.
        cursor = database[collection].find({"_id": query["_id"]} if "_id" in query else query)
        plan = await (cursor.sort(list(sort.items())) if sort else cursor).explain()
        stages = str(plan["queryPlanner"]["winningPlan"])
        indexed = "IXSCAN" in stages or "IDHACK" in stages or "CLUSTERED" in stages
        assert indexed and "COLLSCAN" not in stages, (collection, query, stages)
    await client.drop_database(database.name)
    client.close()


async def _use_everything(storage: Storage) -> None:
    check = Check(id=uuid4(), project=uuid4(), created=NOW, badge=uuid4(), alert_after=NOW)
    flip = Flip(check=check.id, n=1, at=NOW, old="new", new="up", reason="ping")
    await storage.checks.insert(check)
    await storage.checks.load([check.id])
    await storage.checks.of_project(check.project)
    await storage.checks.of_project(check.project, "x")
    await storage.checks.slugs_taken(check.project, ["x", "y"])
    await storage.checks.count(check.project)
    await storage.checks.aliased("x")
    await storage.checks.write([Write(check, check, 1), Write(check, check, 7)])
    await storage.checks.due(NOW, 10)
    await storage.checks.due(NOW, 10, after=NOW)
    assert [batch async for batch in storage.checks.scan()]
    assert [some async for some in storage.checks.numbers(20)]

    await storage.pings.append(
        [Ping(check=check.id, n=1, at=NOW, type="success", scheme="http", remote_addr="::1")]
    )
    await storage.pings.behind([Stored(check, 1)])
    await storage.pings.tail(check.id, 0)
    await storage.pings.get(check.id, 1)
    await storage.pings.bodies(check.id, [1])
    await storage.pings.empty(check.id, 1, 1)
    await storage.pings.delete(check.id, 1, 1)

    await storage.flips.publish([flip])
    await storage.flips.read(check.id)
    await storage.flips.numbered(check.id, 1, 9)
    await storage.flips.read(check.id, NOW, NOW)
    await storage.flips.latest(check.id, NOW, NOW, 10)
    await storage.flips.within(NOW, NOW, 10)
    assert [some async for some in storage.flips.prune(check.id, NOW + timedelta(days=1), 2)] == [1]
    await storage.flips.delete(check.id)

    project = Project(id=uuid4(), name="p", created=NOW, ping_key="p", badge_key="b")
    await storage.projects.insert(project)
    await storage.projects.all()
    await storage.projects.get(project.id)
    await storage.projects.by_key("api_key_hash", "x")
    await storage.projects.by_key("api_key_readonly_hash", "x")
    await storage.projects.by_key("ping_key", "x")
    await storage.projects.by_key("badge_key", "x")
    await storage.projects.update(project.id, {"name": "q"})
    await storage.projects.delete(project.id)

    channel = Channel(id=uuid4(), project=project.id, created=NOW, kind="email", target="a@example.org")
    await storage.channels.insert(channel)
    await storage.channels.of_project(project.id)
    await storage.channels.get(channel.id)
    await storage.channels.replace(channel)
    await storage.channels.delete(channel.id)
    await storage.channels.delete_of_project(project.id)

    notification = Notification(
        check=check.id,
        n=2,
        channel=channel.id,
        project=project.id,
        event="down",
        reason="fail",
        at=NOW,
        due=NOW,
    )
    await storage.notifications.add([notification])
    await storage.notifications.due(NOW, 10)
    await storage.notifications.due(NOW, 10, after=NOW)
    await storage.notifications.claim(notification, NOW)
    await storage.notifications.settle([Settlement(notification, "sent")])
    await storage.notifications.before([notification])
    await storage.notifications.of_check(check.id, 10)
    await storage.notifications.of_check(check.id, 10, NOW)
    await storage.notifications.latest(check.id, NOW, NOW, 10)
    await storage.notifications.retry(check.id, 1, check.id, NOW)
    await storage.notifications.of_channel(channel.id, 10)
    assert [some async for some in storage.notifications.prune(check.id, NOW + timedelta(days=1), 3)] == [1]
    await storage.notifications.delete_of_check(check.id)

    await storage.bounces.add(channel.id, b"1", NOW)
    await storage.bounces.unused(channel.id, NOW)
    await storage.bounces.use_up(channel.id)

    window = MaintenanceWindow(id=uuid4(), project=project.id, created=NOW)
    await storage.windows.put(window)
    await storage.windows.of_project(project.id)
    await storage.windows.get(window.id)
    await storage.windows.delete(window.id)
    await storage.windows.delete_of_project(project.id)

    page = StatusPage(id=uuid4(), project=project.id, created=NOW, slug="s", title="t")
    await storage.status_pages.put(page)
    await storage.status_pages.by_slug("s")
    await storage.status_pages.of_project(project.id)
    await storage.status_pages.delete(page.id)
    await storage.status_pages.delete_of_project(project.id)
    await storage.walls.insert(Wall(hash="h", project=project.id, name="w", created=NOW))
    await storage.walls.get("h")
    await storage.walls.of_project(project.id)
    await storage.walls.delete("h")
    await storage.walls.delete_of_project(project.id)
    await storage.api_keys.insert(
        ApiKey(hash="h", project=project.id, name="k", access="read-only", created=NOW)
    )
    await storage.api_keys.get("h")
    await storage.api_keys.of_project(project.id)
    await storage.api_keys.touch("h", NOW)
    await storage.api_keys.delete("h")
    await storage.api_keys.delete_of_project(project.id)

    await storage.admin_keys.insert(AdminKey(hash="x", created=NOW, name="ops"))
    await storage.admin_keys.all()
    await storage.admin_keys.get("x")
    await storage.admin_keys.delete("x")

    await _use_accounts(storage, project)

    await storage.news.publish(NOW, project.id)
    await storage.news.publish_checks(NOW, project.id, [check.id])
    await storage.news.since(NOW)
    await storage.written_checks.register(NOW)
    await storage.written_checks.has_others(NOW)
    await storage.written_checks.publish(NOW, [WrittenCheck(check.id, project.id, 2)])
    await storage.written_checks.since(NOW, set())
    await storage.written_checks.unregister()
    async with storage.locks.hold("x", lambda: NOW):
        pass
    await storage.heartbeat.beat(NOW)
    await storage.heartbeat.last()
    await storage.secret()
    await storage.tombstones.put(check.id, 1, 1, NOW)
    await storage.tombstones.extend(check.id, 2)
    await storage.tombstones.before(NOW)
    await storage.tombstones.drop(check.id)
    await storage.checks.delete(check)
    await storage.probe()


async def _use_accounts(storage: Storage, project: Project) -> None:
    user = User(id=uuid4(), name="ann", created=NOW)
    await storage.users.insert(user)
    await storage.users.all()
    await storage.users.any()
    await storage.users.get(user.id)
    await storage.users.by_name("ann")
    await storage.users.set_password_hash(user.id, "x")
    await storage.users.delete(user.id)

    session = Session(
        hash="x", user=user.id, created=NOW, last_seen=NOW, expires=NOW, user_agent="", address="::1"
    )
    await storage.sessions.insert(session)
    await storage.sessions.get("x")
    await storage.sessions.of_user(user.id)
    await storage.sessions.touch("x", NOW, NOW)
    await storage.sessions.delete("x")
    await storage.sessions.insert(session)
    await storage.sessions.delete_of_user(user.id)

    await storage.members.put(Member(project=project.id, user=user.id, role="admin"))
    await storage.members.get(project.id, user.id)
    await storage.members.of_user(user.id)
    await storage.members.of_project(project.id)
    await storage.members.delete(project.id, user.id)
    await storage.members.delete_of_user(user.id)
    await storage.members.delete_of_project(project.id)

    await storage.setup_tokens.add("x", NOW)
    await storage.setup_tokens.has("x", NOW)
    await storage.setup_tokens.clear()
