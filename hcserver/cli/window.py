"""hcserver window: times in which nobody is notified that a check is down."""

from __future__ import annotations

import click

from hcserver.cli.commands import open_services, plain_faults
from hcserver.cli.output import json_option, print_json, print_rows, run
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.errors import NotFound
from hcserver.validation.window import MAX_MINUTES


@click.group()
def window() -> None:
    """Create and manage maintenance windows."""


@window.command()
@click.argument("project")
@click.option("--name", help="A name, which the log shows with the notifications that it holds back.")
@click.option("--check", help="The id of the only check that it is for.")
@click.option("--tag", help="It is only for checks with this tag.")
@click.option("--start", metavar="MOMENT", help="Once: its start, such as 2030-01-31T18:00:00Z.")
@click.option("--end", metavar="MOMENT", help="Once: its end.")
@click.option("--schedule", help="Recurring: its starts, a cron or OnCalendar expression.")
@click.option("--tz", metavar="ZONE", help="Recurring: the schedule's time zone, such as Europe/Riga.")
@click.option("--minutes", type=click.IntRange(1, MAX_MINUTES), help="Recurring: its length.")
@json_option
def create(project: str, as_json: bool, **settings: object) -> None:
    """Add a maintenance window to PROJECT: for one check, for a tag, or for all of its checks."""

    async def work() -> MaintenanceWindow:
        async with open_services() as services:
            found = await services.projects.find(project)
            given = {name: value for name, value in settings.items() if value is not None}
            return await services.windows.create(found, given)

    with plain_faults():
        made = run(work())
    if as_json:
        print_json(_fields(made))
    else:
        click.echo(f"Created the maintenance window {made.id}: {_when(made)}.")


@window.command(name="list")
@click.argument("project")
@json_option
def list_windows(project: str, as_json: bool) -> None:
    """List the maintenance windows of PROJECT."""

    async def work() -> list[MaintenanceWindow]:
        async with open_services() as services:
            return await services.windows.of_project(await services.projects.find(project))

    windows = run(work())
    if as_json:
        print_json([_fields(one) for one in windows])
    else:
        rows = [
            {"name": one.name, "for": _scope(one), "when": _when(one), "id": str(one.id)} for one in windows
        ]
        print_rows(("name", "for", "when", "id"), rows)


@window.command()
@click.argument("project")
@click.argument("id", metavar="WINDOW")
@json_option
def delete(project: str, id: str, as_json: bool) -> None:
    """Delete WINDOW (an id) of PROJECT."""

    async def work() -> MaintenanceWindow:
        async with open_services() as services:
            found = await services.projects.find(project)
            windows = {str(one.id): one.id for one in await services.windows.of_project(found)}
            if id not in windows:
                raise NotFound(f"there is no maintenance window {id!r} in the project")
            return await services.windows.delete(found, windows[id])

    gone = run(work())
    if as_json:
        print_json(_fields(gone))
    else:
        click.echo(f"Deleted the maintenance window {gone.id}.")


def _fields(window: MaintenanceWindow) -> dict[str, object]:
    return {
        "id": str(window.id),
        "name": window.name,
        "check": None if window.check is None else str(window.check),
        "tag": window.tag,
        "start": None if window.start is None else window.start.isoformat(timespec="seconds"),
        "end": None if window.end is None else window.end.isoformat(timespec="seconds"),
        "schedule": window.schedule,
        "tz": window.tz,
        "minutes": window.minutes,
    }


def _scope(window: MaintenanceWindow) -> str:
    if window.check is not None:
        return f"check {window.check}"
    return f"tag {window.tag}" if window.tag else "all checks"


def _when(window: MaintenanceWindow) -> str:
    if window.schedule:
        return f"{window.schedule} ({window.tz}), {window.minutes} minutes"
    return f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"
