"""hcserver member: which users are members of a project, and what they may do there."""

from __future__ import annotations

import click

from hcserver.cli.commands import open_services
from hcserver.cli.output import json_option, print_json, print_rows, run
from hcserver.domain.project import Project
from hcserver.domain.user import ROLES, Role, User
from hcserver.services.container import Services

_role = click.Choice(ROLES)


@click.group()
def member() -> None:
    """Manage the members of projects.

    A viewer sees everything but the addresses for pings, an editor may also change checks and channels, an
    admin also keys and members. Admins of the server have all projects without being members.
    """


@member.command()
@click.argument("project")
@click.argument("user")
@click.option("--role", type=_role, default="viewer", show_default=True, help="What the member may do.")
@json_option
def add(project: str, user: str, role: Role, as_json: bool) -> None:
    """Make USER a member of PROJECT (a name or an id), or give the member another role."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            found, person = await _find(services, project, user)
            members = services.accounts.members
            if any(one.user.id == person.id for one in await members.of_project(found)):
                await members.change(found, person, role)
            else:
                await members.add(found, person, role)
            return _fields(person, role)

    fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"{fields['name']} is now {role} of {project}.")


@member.command(name="list")
@click.argument("project")
@json_option
def list_members(project: str, as_json: bool) -> None:
    """List the members of PROJECT (a name or an id)."""

    async def work() -> list[dict[str, object]]:
        async with open_services() as services:
            found = await services.projects.find(project)
            members = await services.accounts.members.of_project(found)
            return [_fields(one.user, one.role) for one in members]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_rows(("name", "role", "id"), rows)


@member.command()
@click.argument("project")
@click.argument("user")
@json_option
def remove(project: str, user: str, as_json: bool) -> None:
    """Remove USER from the members of PROJECT (a name or an id)."""

    async def work() -> dict[str, object]:
        async with open_services() as services:
            found, person = await _find(services, project, user)
            await services.accounts.members.remove(found, person)
            return {"id": str(person.id), "name": person.name}

    fields = run(work())
    if as_json:
        print_json(fields)
    else:
        click.echo(f"{fields['name']} is no member of {project} any more.")


async def _find(services: Services, project: str, user: str) -> tuple[Project, User]:
    """Raises NotFound, Ambiguous."""
    return await services.projects.find(project), await services.accounts.users.find(user)


def _fields(user: User, role: Role) -> dict[str, object]:
    return {"id": str(user.id), "name": user.name, "role": role}
