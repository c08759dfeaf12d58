"""hcserver import: the checks of another monitor."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from hcserver.cli.commands import open_services, plain_faults, working
from hcserver.cli.output import harmless, json_option, print_json, print_table, progress_bars, run
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.importing.cronitor import read_cronitor
from hcserver.services.importing.healthchecks_api import read_healthchecks
from hcserver.services.importing.healthchecks_dump import read_dump
from hcserver.services.importing.importer import Importer, Result
from hcserver.services.importing.mapping import MappingFile
from hcserver.services.importing.plan import Plan
from hcserver.services.importing.source import Source
from hcserver.services.importing.uptime_kuma import read_uptime_kuma

_DONE = {"create": "created", "change": "changed", "unchanged": "unchanged", "refuse": "refused"}
_TO_DO = {"create": "to create", "change": "to change", "unchanged": "unchanged", "refuse": "refused"}

_project = click.argument("project")
_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_OPTIONS = (
    click.option("--dry-run", is_flag=True, help="Print what would be done, and change nothing."),
    click.option(
        "--mapping",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write the old and the new ping address of each check to FILE (CSV).",
    ),
    json_option,
)


def _common(command: Any) -> Any:
    """The options that all sources have."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group(name="import")
def importing() -> None:
    """Copy checks from another monitor.

    To repeat an import changes only what has changed at its source. The exit status is 1 if a check could
    not be imported.
    """


@importing.command()
@_project
@click.option("--url", help="The address of the server, such as https://healthchecks.io.")
@click.option(
    "--api-key",
    envvar="HC_IMPORT_API_KEY",
    metavar="KEY",
    help="The read-write API key of the project there, else that in the environment variable "
    "HC_IMPORT_API_KEY, which other users of the machine can't see.",
)
@click.option(
    "--dump",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Read the checks, with their pings and flips, from what `manage.py dumpdata` has written as JSON.",
)
@click.option("--dump-project", metavar="NAME", help="Which project of the dump, if it has several.")
@click.option("--new-ids", is_flag=True, help="Give the checks new UUIDs, and so new ping addresses.")
@click.option(
    "--ping-key",
    envvar="HC_IMPORT_PING_KEY",
    metavar="KEY",
    help="The ping key of the project there, or HC_IMPORT_PING_KEY. PROJECT gets it in place of its own, so "
    "that addresses with a slug go on working.",
)
@_common
def healthchecks(
    project: str,
    url: str | None,
    api_key: str | None,
    dump: Path | None,
    dump_project: str | None,
    new_ids: bool,
    ping_key: str | None,
    dry_run: bool,
    mapping: Path | None,
    as_json: bool,
) -> None:
    """Copy the checks of a project of a Healthchecks server (or of another hcserver) to PROJECT.

    They keep their UUIDs: once the old host name leads here, all jobs go on reporting. A check gets those of
    its channels of which PROJECT has one with the same name.
    """
    _import(
        project,
        _healthchecks_source(url, api_key, dump, dump_project),
        new_ids=new_ids,
        ping_key=ping_key,
        dry_run=dry_run,
        mapping=mapping,
        as_json=as_json,
    )


@importing.command(name="uptime-kuma")
@_project
@_file
@_common
def uptime_kuma(project: str, file: Path, dry_run: bool, mapping: Path | None, as_json: bool) -> None:
    """Copy the monitors of type push in FILE, a backup of Uptime Kuma in JSON, to PROJECT.

    Their addresses change: --mapping writes down the old and new ones. A check is the copy of the monitor
    with the same name.
    """
    read = partial(asyncio.to_thread, read_uptime_kuma, file)
    _import(project, read, dry_run=dry_run, mapping=mapping, as_json=as_json)


@importing.command()
@_project
@_file
@_common
def cronitor(project: str, file: Path, dry_run: bool, mapping: Path | None, as_json: bool) -> None:
    """Copy the jobs and heartbeats in FILE, a cronitor.yaml, to PROJECT.

    Their addresses change: --mapping writes down the old and new ones. The key of a monitor becomes the slug
    of its check.
    """
    read = partial(asyncio.to_thread, read_cronitor, file)
    _import(project, read, dry_run=dry_run, mapping=mapping, as_json=as_json)


def _healthchecks_source(
    url: str | None, api_key: str | None, dump: Path | None, dump_project: str | None
) -> Callable[[], Awaitable[Source]]:
    if (url is None) == (dump is None):
        raise click.UsageError("either --url or --dump is needed")
    if dump is not None:
        return lambda: asyncio.to_thread(read_dump, dump, dump_project)
    if dump_project is not None:
        raise click.UsageError("--dump-project goes together with --dump")
    if api_key is None:
        raise click.UsageError("--api-key is missing, and HC_IMPORT_API_KEY is not set")
    return partial(read_healthchecks, str(url), api_key)


def _import(
    project: str,
    read: Callable[[], Awaitable[Source]],
    *,
    new_ids: bool = False,
    ping_key: str | None = None,
    dry_run: bool,
    mapping: Path | None,
    as_json: bool,
) -> None:
    """Read the source, make the plan, carry it out unless this is a dry run, and report."""

    async def work() -> tuple[list[Result], list[str]]:
        async with open_services() as services:
            found = await services.projects.find(project)
            if ping_key is not None:
                await services.projects.require_free_ping_key(found, ping_key)
            importer = _importer(services, found)
            plan = await importer.plan(await read(), new_ids=new_ids)
            if dry_run:
                return _planned(plan), list(plan.warnings)
            base_url = services.settings.http.public_url
            with nullcontext() if mapping is None else MappingFile(mapping, base_url) as file:
                async with working(services):
                    with progress_bars() as bars:
                        results = await importer.carry_out(plan, partial(bars, "checks"))
                notes = await _take_ping_key(services, found, ping_key)
                if file is not None:
                    file.write(results)
            return results, [*plan.warnings, *notes]

    with plain_faults():
        results, notes = run(work())
    _report(results, notes, dry_run, as_json)
    if any(result.fault for result in results):
        sys.exit(1)


def _importer(services: Services, project: Project) -> Importer:
    limits, clock = services.settings.limits, services.clock
    return Importer(services.storage, services.checks, services.check_editor, project, limits, clock)


def _planned(plan: Plan) -> list[Result]:
    return [Result(step=step, check=step.check, fault=step.fault) for step in plan.steps]


async def _take_ping_key(services: Services, project: Project, key: str | None) -> list[str]:
    """What is to be said about it."""
    if key is None or not await services.projects.take_ping_key(project, key):
        return []
    notes = [f"the ping key of {project.name} has been replaced: its former one does not work any more"]
    if key != key.lower():
        notes.append("email addresses with this ping key do not work, as it has capital letters")
    return notes


def _report(results: list[Result], notes: list[str], dry_run: bool, as_json: bool) -> None:
    counts = Counter[str]("refuse" if one.fault else one.step.action for one in results)
    if as_json:
        print_json(
            {
                **{_DONE[action]: counts[action] for action in _DONE},
                "dry_run": dry_run,
                "notes": notes,
                "checks": list(map(_row, results)),
            }
        )
        return
    shown = [row for row in map(_row, results) if row["error"] or (dry_run and row["action"] != "unchanged")]
    if shown:
        columns = ("action", "name", "id", "changes", "error")
        print_table(columns, [[_readable(row[column]) for column in columns] for row in shown])
    for note in notes:
        click.echo(f"note: {harmless(note)}", err=True)
    words = _TO_DO if dry_run else _DONE
    summary = ", ".join(f"{counts[action]} {word}" for action, word in words.items())
    click.echo(f"{summary}." + (" Nothing was changed, as this is a dry run." if dry_run else ""))


def _row(result: Result) -> dict[str, object]:
    return {
        "action": "refuse" if result.fault else result.step.action,
        "name": result.step.source.label,
        "id": None if result.check is None else str(result.check),
        "changes": result.step.changes,
        "error": result.fault or None,
    }


def _readable(value: object) -> object:
    return ", ".join(value) if isinstance(value, tuple) else value
