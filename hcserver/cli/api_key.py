"""hcserver api-key: API keys of projects that have names and can be revoked one by one."""

from __future__ import annotations

import click

from hcserver.cli.commands import open_services
from hcserver.cli.output import json_option, print_json, print_rows, run
from hcserver.domain.api_key import ApiKey


@click.group(name="api-key")
def api_key() -> None:
    """Create and revoke API keys with names, besides the two that each project has."""


@api_key.command()
@click.argument("project")
@click.argument("name")
@click.option("--read-only", is_flag=True, help="The key lets programs read only.")
@json_option
def create(project: str, name: str, read_only: bool, as_json: bool) -> None:
    """Create the API key NAME of PROJECT, and print it. It can't be shown again."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            found = await services.projects.find(project)
            made, clear = await services.api_keys.create(
                found, name, "read-only" if read_only else "read-write"
            )
            return {**_fields(made), "key": clear}

    fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"The new API key; note it down, it can't be shown again: {fields['key']}")


@api_key.command(name="list")
@click.argument("project")
@json_option
def list_keys(project: str, as_json: bool) -> None:
    """List the API keys with names of PROJECT. When a key was last used is true to some minutes."""

    async def work() -> list[dict[str, object]]:
        async with open_services() as services:
            found = await services.projects.find(project)
            return [_fields(one) for one in await services.api_keys.of_project(found)]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_rows(("name", "access", "created", "last_used", "id"), rows)


@api_key.command()
@click.argument("project")
@click.argument("name_or_id", metavar="KEY")
@json_option
def revoke(project: str, name_or_id: str, as_json: bool) -> None:
    """Revoke KEY (a name or an id) of PROJECT. It stops working within a second."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            found = await services.projects.find(project)
            return _fields(await services.api_keys.revoke(found, name_or_id))

    fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"Revoked the API key {fields['name']}.")


def _fields(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "access": key.access,
        "created": key.created.isoformat(timespec="seconds"),
        "last_used": key.last_used and key.last_used.isoformat(timespec="seconds"),
    }
