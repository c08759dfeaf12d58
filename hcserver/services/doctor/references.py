"""Records that name other records: whether those exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

from hcserver.services.doctor.finding import Finding, counted, error, fixed, ok, warning
from hcserver.storage import Storage
from hcserver.storage.inspection import Inspection

SUBJECT = "data"
_OF_PROJECTS = {
    "channels": "channel",
    "windows": "maintenance window",
    "status_pages": "status page",
    "walls": "wall",
    "api_keys": "API key",
    "members": "member",
}


async def examine_references(storage: Storage, inspection: Inspection, fix: bool) -> AsyncIterator[Finding]:
    """With `fix` maintenance windows of deleted checks, and what is left of deleted projects, are removed,
    but no checks. Raises Unavailable.
    """
    findings = [
        *[one async for one in _of_checks(storage, inspection)],
        *[one async for one in _left_over(storage, inspection, fix)],
        *[one async for one in _unreadable(storage)],
    ]
    for finding in findings:
        yield finding
    if not findings:
        yield ok(
            SUBJECT,
            "all checks, channels, maintenance windows, pages, keys and members belong to what exists",
        )


async def _of_checks(storage: Storage, inspection: Inspection) -> AsyncIterator[Finding]:
    projects: Counter[UUID] = Counter()  # checks of each project,
    channels: Counter[UUID] = Counter()  # and of each channel
    async for checks in inspection.members("checks", "project", "channels"):
        projects.update(check["project"] for check in checks)
        channels.update(channel for check in checks for channel in check.get("channels", ()))
    for project in await _missing_projects(storage, projects):
        checks_of = counted(projects[project], "check")
        yield error(SUBJECT, f"{checks_of} of project {project}, which does not exist")
    existing = {one["_id"] async for batch in inspection.members("channels") for one in batch}
    for channel in channels.keys() - existing:
        yield warning(
            SUBJECT, f"{counted(channels[channel], 'check')} with channel {channel}, which does not exist"
        )


async def _left_over(storage: Storage, inspection: Inspection, fix: bool) -> AsyncIterator[Finding]:
    for collection, noun in _OF_PROJECTS.items():
        of_projects: dict[UUID, list[Any]] = {}
        of_checks: dict[UUID, list[Any]] = {}
        async for batch in inspection.members(collection, "project", "check"):
            for one in batch:
                of_projects.setdefault(one["project"], []).append(one["_id"])
                if one.get("check") is not None:
                    of_checks.setdefault(one["check"], []).append(one["_id"])
        without_project = await _missing_projects(storage, of_projects)
        without_check = of_checks.keys() - (await storage.checks.load(of_checks)).keys()
        left = {id for project in without_project for id in of_projects[project]}
        left |= {id for check in without_check for id in of_checks[check]}
        if not left:
            continue
        text = f"{counted(len(left), noun)} of projects or checks that do not exist"
        if fix:
            await inspection.delete(collection, left)
        yield fixed(SUBJECT, f"removed {text}") if fix else warning(SUBJECT, f"found {text}")


async def _missing_projects(storage: Storage, ids: Iterable[UUID]) -> list[UUID]:
    """Those that do not exist. To be called when what names them was read: it is made after its project."""
    existing = {project.id for project in await storage.projects.all()}
    return [id for id in ids if id not in existing]


async def _unreadable(storage: Storage) -> AsyncIterator[Finding]:
    """Channels that can't be used here, because the key file does not have their key."""
    for project in await storage.projects.all():
        channels = await storage.channels.of_project(project.id)
        if number := sum(channel.unreadable is not None for channel in channels):
            of_project = f"{counted(number, 'channel')} of project {project.name}"
            yield error(SUBJECT, f"none of the keys in the key file decrypts {of_project}")
