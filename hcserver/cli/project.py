"""hcserver project: projects, their keys and limits."""

from __future__ import annotations

import click

from hcserver.cli.channel import channel_row
from hcserver.cli.commands import open_services, plain_faults
from hcserver.cli.output import json_option, print_json, print_rows, print_table, run
from hcserver.domain.project import Project
from hcserver.services.management.projects import KeyKind
from hcserver.validation.project import MAX_CHECKS, MAX_PINGS


@click.group()
def project() -> None:
    """Create and manage projects."""


@project.command()
@click.argument("name")
@json_option
def create(name: str, as_json: bool) -> None:
    """Create the project NAME and print its keys. They can't be shown again."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            made, keys = await services.projects.create(name)
            return {
                "id": str(made.id),
                "name": made.name,
                "api_key": keys.api_key,
                "api_key_readonly": keys.api_key_readonly,
                "ping_key": keys.ping_key,
                "badge_key": keys.badge_key,
            }

    with plain_faults():
        fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"Created the project {name}. Note down its keys, they can't be shown again:")
        print_table(("", ""), fields.items())


@project.command(name="list")
@json_option
def list_projects(as_json: bool) -> None:
    """List all projects."""

    async def work() -> list[dict[str, object]]:
        async with open_services() as services:
            return [
                {**_fields(one), "checks": await services.storage.checks.count(one.id)}
                for one in await services.projects.all()
            ]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_rows(("name", "checks", "created", "id"), rows)


@project.command()
@click.argument("name_or_id", metavar="PROJECT")
@json_option
def show(name_or_id: str, as_json: bool) -> None:
    """Show PROJECT (a name or an id), its limits and channels."""

    async def work() -> tuple[dict[str, object], list[dict[str, object]]]:
        async with open_services() as services:
            found = await services.projects.find(name_or_id)
            channels = await services.channels.of_project(found.id)
            fields = {
                **_fields(found),
                "checks": await services.storage.checks.count(found.id),
                "checks_limit": services.checks.limit(found),
                "pings_limit": services.checks.pings_kept(found),
            }
            return fields, [channel_row(one) for one in channels]

    fields, channels = run(work())
    if as_json:
        print_json({**fields, "channels": channels})
    else:
        print_table(("", ""), fields.items())
        print_rows(("kind", "name", "target", "id"), channels)


@project.command()
@click.argument("name_or_id", metavar="PROJECT")
@click.argument("new_name")
@json_option
def rename(name_or_id: str, new_name: str, as_json: bool) -> None:
    """Give PROJECT another name."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            found = await services.projects.find(name_or_id)
            await services.projects.rename(found, new_name)
            return {"id": str(found.id), "name": new_name}

    with plain_faults():
        fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"Project {name_or_id} is now named {new_name}.")


@project.command()
@click.argument("name_or_id", metavar="PROJECT")
@click.option("--checks", type=click.IntRange(0, MAX_CHECKS), help="The number of checks that it may have.")
@click.option("--pings", type=click.IntRange(0, MAX_PINGS), help="The number of pings kept of each check.")
@json_option
def limit(name_or_id: str, checks: int | None, pings: int | None, as_json: bool) -> None:
    """Set the limits of PROJECT. 0: the configured limit applies; a limit that isn't given stays as it is."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            found = await services.projects.find(name_or_id)
            new_checks = found.checks_limit if checks is None else checks or None
            new_pings = found.pings_limit if pings is None else pings or None
            await services.projects.limit(found, new_checks, new_pings)
            return {
                "id": str(found.id),
                "checks_limit": new_checks or services.settings.limits.checks_per_project,
                "pings_limit": new_pings or services.settings.limits.pings_per_check,
            }

    fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"{name_or_id}: {fields['checks_limit']} checks, {fields['pings_limit']} pings of each.")


@project.command(name="rotate-key")
@click.argument("name_or_id", metavar="PROJECT")
@click.argument("kind", type=click.Choice(["api", "api-readonly", "ping", "badge"]))
@json_option
def rotate_key(name_or_id: str, kind: KeyKind, as_json: bool) -> None:
    """Replace a key of PROJECT and print the new one. The old key stops working within a second."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            found = await services.projects.find(name_or_id)
            return {"id": str(found.id), "kind": kind, "key": await services.projects.rotate_key(found, kind)}

    fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"The new {kind} key of project {name_or_id}: {fields['key']}")


@project.command()
@click.argument("name_or_id", metavar="PROJECT")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@json_option
def delete(name_or_id: str, yes: bool, as_json: bool) -> None:
    """Delete PROJECT and everything in it."""

    async def look() -> tuple[Project, int]:
        async with open_services() as services:
            found = await services.projects.find(name_or_id)
            return found, await services.storage.checks.count(found.id)

    async def work(project: str) -> dict[str, object]:
        async with open_services() as services:
            found = await services.projects.find(project)
            count = await services.projects.delete(found)
            return {"id": str(found.id), "name": found.name, "checks": count}

    if not yes:
        asked, checks = run(look())
        question = f"Delete the project {asked.name} with its {checks} checks and everything else in it?"
        click.confirm(question, abort=True, err=True)
        name_or_id = str(asked.id)
    fields = run(work(name_or_id))
    if as_json:
        print_json(fields)
    else:
        click.echo(f"Deleted the project {fields['name']} and its {fields['checks']} checks.")


def _fields(project: Project) -> dict[str, object]:
    return {
        "id": str(project.id),
        "name": project.name,
        "created": project.created.isoformat(timespec="seconds"),
    }
