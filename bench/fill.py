"""Projects with many checks, brought into the database of a server as a dump: creating 100,000 checks by the
API would take a quarter of an hour. The checks have no aliases, by which nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

import bson
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.clock import utc_now
from hcserver.domain.project import Project
from hcserver.domain.state_machine import record
from hcserver.services.lookup import key_hash
from hcserver.services.management.projects import Keys, new_key
from hcserver.storage.client import CODEC
from hcserver.storage.records import to_document
from hcserver.storage.schema import SCHEMA_VERSION
from hcserver.transfer.archive import Writer
from tests.e2e.server import RealServer

BRIEF = 1  # seconds of timeout and of grace
LOAD_TIME = 600.0  # seconds that loading may take


class FilledProject(NamedTuple):
    """A project with its keys and its checks, the oldest first. Check number n has the slug `check-n`."""

    keys: Keys
    checks: list[Check]

    @property
    def uuids(self) -> list[str]:
        return [str(check.id) for check in self.checks]

    @property
    def ping_paths(self) -> list[str]:
        return [f"/ping/{check.id}" for check in self.checks]

    @property
    def slug_paths(self) -> list[str]:
        return [f"/ping/{self.keys.ping_key}/{check.slug}" for check in self.checks]


def fill(server: RealServer, *sizes: int, brief: int = 0) -> list[FilledProject]:
    """Bring a project of each size into the empty database of a server that does not run. All checks are up,
    but for the last ones (`brief`), which are new and go down two seconds after a ping.
    """
    projects = [_project(size, brief) for size in sizes]
    dump = server.folder / "filled.hcdump"
    counts = {"projects": 0, "checks": 0}
    with Writer(dump) as writer:
        writer.header(SCHEMA_VERSION)
        for name in counts:
            writer.collection(name)
            for project, filled in projects:
                for document in _documents(name, project, filled.checks):
                    writer.document(bson.encode(document, codec_options=CODEC))
                    counts[name] += 1
        writer.finish(counts)
    server.cli("load", str(dump), timeout=LOAD_TIME)
    return [filled for _, filled in projects]


def _project(size: int, brief: int) -> tuple[Project, FilledProject]:
    now = utc_now()
    keys = Keys(new_key("api"), new_key("api-readonly"), new_key("ping"), new_key("badge"))
    project = Project(
        id=uuid4(),
        name=f"{size} checks",
        created=now,
        ping_key=keys.ping_key,
        badge_key=keys.badge_key,
        api_key_hash=key_hash(keys.api_key),
        api_key_readonly_hash=key_hash(keys.api_key_readonly),
    )
    checks = []
    for number in range(size):
        check = Check(
            id=uuid4(),
            project=project.id,
            created=now + timedelta(milliseconds=number),
            badge=uuid4(),
            name=f"check {number}",
            slug=f"check-{number}",
            tags="all" + (" tenth" if number % 10 == 0 else "") + (" one" if number == 0 else ""),
        )
        if number >= size - brief:
            checks.append(replace(check, timeout=BRIEF, grace=BRIEF))
        else:
            # It is up as after a ping, which is not in the log, and therefore not counted.
            checks.append(replace(record(check, "success", now).check, n_pings=0))
    return project, FilledProject(keys, checks)


def _documents(collection: str, project: Project, checks: list[Check]) -> Iterator[dict[str, object]]:
    if collection == "projects":
        yield to_document(project)
        return
    for check in checks:
        due = {} if check.due is None else {"due": check.due}
        yield {**to_document(check), **due, "rev": 1}
