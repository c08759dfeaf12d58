"""hcserver admin-key: keys for managing projects through the API."""

from __future__ import annotations

import click

from hcserver.cli.commands import open_services, plain_faults
from hcserver.cli.output import json_option, print_json, print_rows, run
from hcserver.domain.admin_key import AdminKey


@click.group(name="admin-key")
def admin_key() -> None:
    """Create and manage admin keys."""


@admin_key.command()
@click.option("--name", default="", help="A name, such as its purpose.")
@json_option
def create(name: str, as_json: bool) -> None:
    """Create a key for managing projects through the API, and print it. It can't be shown again."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            made, clear = await services.admin_keys.create(name)
            return {**_fields(made), "key": clear}

    with plain_faults():
        fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"The new admin key; note it down, it can't be shown again: {fields['key']}")


@admin_key.command(name="list")
@json_option
def list_keys(as_json: bool) -> None:
    """List the names and ids of the admin keys."""

    async def work() -> list[dict[str, object]]:
        async with open_services() as services:
            return [_fields(one) for one in await services.admin_keys.all()]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_rows(("id", "name", "created"), rows)


@admin_key.command()
@click.argument("name_or_id", metavar="KEY")
@json_option
def delete(name_or_id: str, as_json: bool) -> None:
    """Delete KEY (a name or an id). It stops working at once."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            return _fields(await services.admin_keys.delete(name_or_id))

    fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"Deleted the admin key {fields['id']}.")


def _fields(key: AdminKey) -> dict[str, object]:
    return {"id": key.id, "name": key.name, "created": key.created.isoformat(timespec="seconds")}
