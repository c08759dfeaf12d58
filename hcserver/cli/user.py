"""hcserver user: users, who sign in to the pages."""

from __future__ import annotations

import sys

import click

from hcserver.cli.commands import open_services
from hcserver.cli.output import json_option, print_json, print_rows, run
from hcserver.domain.user import User
from hcserver.validation.account import MAX_PASSWORD

_password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, up to the end of its line."
)


@click.group()
def user() -> None:
    """Create and manage users, who sign in to the pages."""


@user.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="An admin of the server, who may do everything in all projects.")
@_password_option
@json_option
def create(name: str, admin: bool, password_stdin: bool, as_json: bool) -> None:
    """Create the user NAME. The password is asked for twice."""
    password = _read_password(password_stdin)

    async def work() -> User:
        async with open_services() as services:
            return await services.accounts.users.create(name, password, admin=admin)

    made = run(work())
    if as_json:
        print_json(_fields(made))
    else:
        click.echo(f"Created the user {made.name}.")


@user.command(name="list")
@json_option
def list_users(as_json: bool) -> None:
    """List all users."""

    async def work() -> list[dict[str, object]]:
        async with open_services() as services:
            return [_fields(one) for one in await services.accounts.users.all()]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_rows(("name", "admin", "created", "id"), rows)


@user.command()
@click.argument("name")
@_password_option
@json_option
def password(name: str, password_stdin: bool, as_json: bool) -> None:
    """Give the user NAME a new password, which is asked for twice. All sessions of the user end."""
    new = _read_password(password_stdin)

    async def work() -> User:
        async with open_services() as services:
            found = await services.accounts.users.find(name)
            await services.accounts.users.set_password(found, new)
            return found

    changed = run(work())
    if as_json:
        print_json(_fields(changed))
    else:
        click.echo(f"Changed the password of {changed.name}, who has to sign in again everywhere.")


@user.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@json_option
def delete(name: str, yes: bool, as_json: bool) -> None:
    """Delete the user NAME, who is signed out everywhere."""
    if not yes:
        click.confirm(f"Delete the user {name}?", abort=True, err=True)

    async def work() -> User:
        async with open_services() as services:
            found = await services.accounts.users.find(name)
            await services.accounts.users.delete(found)
            return found

    deleted = run(work())
    if as_json:
        print_json(_fields(deleted))
    else:
        click.echo(f"Deleted the user {deleted.name}.")


def _read_password(from_stdin: bool) -> str:
    """The password, from standard input or asked for twice without being shown."""
    if from_stdin:
        # A little more than the longest password, so that one that is too long is refused, not cut.
        return sys.stdin.readline(MAX_PASSWORD + 3).rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
    return password


def _fields(user: User) -> dict[str, object]:
    return {
        "id": str(user.id),
        "name": user.name,
        "admin": user.admin,
        "created": user.created.isoformat(timespec="seconds"),
    }
