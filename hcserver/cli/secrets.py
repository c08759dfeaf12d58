"""hcserver secrets: the keys that encrypt the targets of channels."""

from __future__ import annotations

from pathlib import Path

import click

from hcserver.cli.commands import open_services
from hcserver.cli.output import current_settings, json_option, print_json, run
from hcserver.storage.channels import Encrypted
from hcserver.storage.key_file import Key, KeyFile


@click.group()
def secrets() -> None:
    """Manage the keys that encrypt the targets of channels."""


@secrets.command()
@json_option
def rotate(as_json: bool) -> None:
    """Make a new key and encrypt all channels with it.

    The older keys stay in the key file, for dumps that were made before. A running server on this machine
    uses the new key at once. Copy the file to other machines with servers on the same database.
    """

    async def work() -> tuple[Key, Encrypted]:
        async with open_services() as services:
            key = keys.rotate()
            return key, await services.storage.channels.encrypt_all()

    keys = KeyFile(Path(current_settings().key_file))
    key, done = run(work())
    if as_json:
        print_json({"key": key.id, "encrypted": done.rewritten, "unreadable": done.unreadable})
        return
    click.echo(f"Added the key {key.id} to {keys.path} and encrypted {done.rewritten} channels with it.")
    if done.unreadable:
        click.echo(f"{done.unreadable} channels stay as they were: none of the keys decrypts them.")
