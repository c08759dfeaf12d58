"""hcserver channel: where people are told."""

from __future__ import annotations

import click

from hcserver.cli.commands import services
from hcserver.cli.output import json_option, print_json, print_rows, run
from hcserver.services.projects import CHANNEL_KINDS


@click.group()
def channel() -> None:
    """Create and list channels."""


@channel.command()
@click.argument("project")
@click.argument("kind", type=click.Choice(CHANNEL_KINDS))
@click.argument("target")
@click.option("--name", default="", help="A name, by which checks can be given the channel through the API.")
@json_option
def create(project: str, kind: str, target: str, name: str, as_json: bool) -> None:
    """Add a channel to PROJECT. TARGET is an email address, or the URL of a webhook."""

    async def work() -> dict[str, object]:
        async with services() as core:
            found = await core.projects.find(project)
            made = await core.projects.create_channel(found, kind, target, name)
            return {"id": str(made.id), "name": made.name, "kind": made.kind}

    fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"Created the {kind} channel {fields['id']}.")


@channel.command(name="list")
@click.argument("project")
@json_option
def list_channels(project: str, as_json: bool) -> None:
    """List the channels of PROJECT."""

    async def work() -> list[dict[str, object]]:
        async with services() as core:
            found = await core.projects.find(project)
            return [
                {"id": str(one.id), "name": one.name, "kind": one.kind, "target": one.target}
                for one in await core.projects.channels(found.id)
            ]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_rows(("kind", "name", "target", "id"), rows)
