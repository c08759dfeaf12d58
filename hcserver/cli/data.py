"""`hcserver dump` and `hcserver load`: copy all data from one database to another."""

from __future__ import annotations

from pathlib import Path

import click

from hcserver.cli.database import database
from hcserver.cli.output import current_settings, json_option, print_json, print_table, progress_bars, run
from hcserver.errors import HcError
from hcserver.storage.channels import ChannelStore
from hcserver.storage.key_file import KeyFile, KeyFileError
from hcserver.storage.target_cipher import TargetCipher
from hcserver.transfer import dump as dumping
from hcserver.transfer import load as loading
from hcserver.transfer.archive import Counts


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--secrets", is_flag=True, help="Write the targets of channels in clear, not encrypted.")
@json_option
def dump(file: Path, secrets: bool, as_json: bool) -> None:
    """Write all data to FILE (compressed), also while the server runs.

    FILE is replaced when the dump is complete, and only its owner can read it. It contains everything that
    jobs have sent: keep it private. Without --secrets, whoever loads it needs the key file (secrets.key_file)
    to use its channels.
    """

    async def write() -> Counts:
        async with database(settings) as source:
            with progress_bars() as progress:
                return await dumping.dump(source, file, progress, in_clear)

    settings = current_settings()
    in_clear = TargetCipher(KeyFile(Path(settings.key_file))).in_clear if secrets else None
    _report(run(write()), as_json)
    if secrets:
        click.echo(f"{file} contains the passwords and tokens of all channels: keep it private.", err=True)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def load(file: Path, as_json: bool) -> None:
    """Load the dump FILE into an empty database; no server may use this database meanwhile."""

    async def read() -> Counts:
        async with database(settings) as target:
            with progress_bars() as progress:
                counts = await loading.load(file, target, progress)
            # A dump that was written with --secrets has targets in clear.
            try:
                await ChannelStore(target, KeyFile(Path(settings.key_file))).encrypt_all()
            except KeyFileError as error:
                raise HcError(f"all is loaded, but the channels are not encrypted: {error}") from error
            return counts

    settings = current_settings()
    _report(run(read()), as_json)


def _report(counts: Counts, as_json: bool) -> None:
    if as_json:
        print_json({"documents": counts})
    else:
        print_table(["collection", "documents"], counts.items())
