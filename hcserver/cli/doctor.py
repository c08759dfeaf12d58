"""hcserver doctor: looks for problems of the configuration, the network, the database and the data."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from hcserver.cli.commands import working
from hcserver.cli.database import database
from hcserver.cli.output import current_settings, harmless, json_option, print_json, progress_bars, run
from hcserver.config.schema import Settings
from hcserver.domain.clock import utc_now
from hcserver.errors import ConfigError, HcError
from hcserver.services.container import Services
from hcserver.services.doctor import configuration
from hcserver.services.doctor.configuration import examine_configuration
from hcserver.services.doctor.database import SUBJECT as DATABASE
from hcserver.services.doctor.database import examine_database
from hcserver.services.doctor.finding import Finding, error, ok
from hcserver.services.doctor.mail import examine_mail
from hcserver.services.doctor.names import SystemNames, examine_names
from hcserver.services.doctor.ports import examine_ports
from hcserver.services.doctor.records import Records, examine_records
from hcserver.services.doctor.references import examine_references
from hcserver.services.runtime.written_news import ALIVE
from hcserver.storage.client import unhurried
from hcserver.storage.inspection import Inspection
from hcserver.storage.schema import SCHEMA_VERSION

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}
_SUBJECT_WIDTH = len("configuration")


@click.command()
@click.option("--fix", is_flag=True, help="Repair what is safe to repair.")
@json_option
def doctor(fix: bool, as_json: bool) -> None:
    """Look for problems of the configuration, the network, the database and the data.

    It works while the server runs and while it does not, and changes nothing without --fix. That creates
    indexes that are missing, removes what is left of deleted checks and projects, and applies pings that a
    crash has left behind. The exit status is 1 if there is an error, else 0.
    """

    async def work() -> list[Finding]:
        found = []
        async for finding in _examine(fix):
            found.append(finding)
            if not as_json:
                _print(finding)
        return found

    found = run(work())
    if as_json:
        print_json(found)
    if any(finding.level == "error" for finding in found):
        sys.exit(1)


def _print(finding: Finding) -> None:
    level = click.style(f"{finding.level:<7}", fg=_COLOURS[finding.level])
    text = f"fixed: {finding.text}" if finding.fixed else finding.text
    click.echo(f"{level}  {finding.subject:<{_SUBJECT_WIDTH}}  {harmless(text)}")


async def _examine(fix: bool) -> AsyncIterator[Finding]:
    try:
        settings = current_settings()
    except ConfigError as problem:
        for line in str(problem).splitlines():
            yield error(configuration.SUBJECT, line)
        return
    for finding in examine_configuration(settings, os.environ, utc_now()):
        yield finding
    for subject in (
        examine_ports(settings),
        examine_names(settings, SystemNames()),
        examine_mail(settings.email),
        _examine_database(settings, fix),
    ):
        async for finding in subject:
            yield finding


async def _examine_database(settings: Settings, fix: bool) -> AsyncIterator[Finding]:
    if not settings.mongodb.uri and not (Path(settings.embedded.path) / "db").exists():
        yield ok(DATABASE, "there is no embedded database yet: the first start of the server makes it")
        return
    try:
        async with database(settings) as opened:
            inspection = Inspection(opened)
            async for finding in examine_database(opened, inspection, utc_now, fix):
                yield finding
            if await inspection.schema_version() == SCHEMA_VERSION and not await inspection.is_loading():
                for finding in await _examine_data(opened, inspection, settings, fix):
                    yield finding
    except HcError as problem:
        yield error(DATABASE, str(problem))


async def _examine_data(opened: Any, inspection: Inspection, settings: Settings, fix: bool) -> list[Finding]:
    """All that is found, once the progress bar is gone."""
    from hcserver.app import build_services  # here, so that the servers' code does not delay `--help`

    services = build_services(opened, settings)
    storage = services.storage
    at_work = working(services) if fix else nullcontext()
    with progress_bars() as progress, unhurried():
        keeps_failures = settings.limits.failures_per_check > 0
        records = Records(storage, inspection, progress, utc_now, keeps_failures=keeps_failures)
        served = await storage.written_checks.has_others(utc_now() - ALIVE)
        bring_in_step = partial(_bring_in_step, services) if fix else None
        async with at_work:
            found = [one async for one in examine_records(records, bring_in_step, served=served)]
        found += [one async for one in examine_references(storage, inspection, fix)]
    return found


async def _bring_in_step(services: Services, checks: Sequence[UUID]) -> None:
    """Apply the logs of these checks by the guarded writes of a server."""
    await services.cache.ensure(checks)
    with services.cache.pinned(checks):
        await services.cache.refresh(checks)
        await services.state_writer.write(checks)
