"""The database: whether it answers and acknowledges writes, its clock, its schema and its indexes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from hcserver.domain.clock import Clock
from hcserver.services.doctor.finding import Finding, error, fixed, ok, warning
from hcserver.storage.inspection import Inspection
from hcserver.storage.schema import SCHEMA_VERSION, create_indexes

SUBJECT = "database"
# Servers compare their clocks with the times that others have stored: see "Several servers" in
# docs/operations.md.
CLOCK_WARNING = timedelta(seconds=2)
CLOCK_ERROR = timedelta(seconds=10)


async def examine_database(
    database: Any, inspection: Inspection, clock: Clock, fix: bool
) -> AsyncIterator[Finding]:
    """With `fix` missing indexes are created. Raises Unavailable."""
    asked = clock()
    server = await inspection.server()
    answered = clock()
    place = f"member of the replica set {server.replica_set}" if server.replica_set else "no replica set"
    yield ok(SUBJECT, f"it answers: version {server.version}, {place}")
    yield _clock(server.at - (asked + (answered - asked) / 2))
    await inspection.wait_for_majority()
    yield ok(SUBJECT, "writes are acknowledged by a majority of its members")
    yield await _schema(inspection)
    async for finding in _indexes(database, inspection, fix):
        yield finding


def _clock(ahead: timedelta) -> Finding:
    seconds = abs(ahead).total_seconds()
    text = f"its clock is {seconds:.1f} s {'ahead of' if ahead > timedelta() else 'behind'} this machine's"
    if abs(ahead) < CLOCK_WARNING:
        return ok(SUBJECT, "its clock agrees with this machine's")
    return (error if abs(ahead) >= CLOCK_ERROR else warning)(SUBJECT, f"{text}: use NTP on both")


async def _schema(inspection: Inspection) -> Finding:
    if await inspection.is_loading():
        return error(SUBJECT, "it has only a part of a dump: run `hcserver load` again")
    version = await inspection.schema_version()
    if version is None:
        return ok(SUBJECT, "it is empty: the first start of a server prepares it")
    if version > SCHEMA_VERSION:
        return error(SUBJECT, f"it has schema version {version}, this hcserver knows up to {SCHEMA_VERSION}")
    if version < SCHEMA_VERSION:
        return warning(
            SUBJECT, f"it has schema version {version}: the next start migrates it to {SCHEMA_VERSION}"
        )
    return ok(SUBJECT, f"it has schema version {version}, that of this hcserver")


async def _indexes(database: Any, inspection: Inspection, fix: bool) -> AsyncIterator[Finding]:
    if await inspection.schema_version() is None:
        return
    missing = await inspection.missing_indexes()
    other = [one for one in missing if one.other]
    for one in other:
        yield error(
            SUBJECT, f"{one.collection} has another kind of index on ({one.fields}): drop it, and restart"
        )
    absent = [one for one in missing if not one.other]
    # All are created in one call, which an index of another kind would make fail.
    if absent and fix and not other:
        await create_indexes(database)
    for one in absent:
        index = f"the index of {one.collection} on ({one.fields})"
        yield (
            fixed(SUBJECT, f"created {index}") if fix and not other else error(SUBJECT, f"{index} is missing")
        )
    if not missing:
        yield ok(SUBJECT, "all indexes are there")
