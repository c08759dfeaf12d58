"""`hcserver config`: the settings and where they come from."""

from __future__ import annotations

import click
import msgspec

from hcserver.cli.output import current_settings, json_option, print_json, print_table
from hcserver.config.report import describe


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@json_option
def check(as_json: bool) -> None:
    """Check the settings and print those in force, secrets masked."""
    lines = describe(current_settings())
    if as_json:
        print_json({line.name: {"value": line.value, "source": line.source} for line in lines})
        return
    print_table(
        ["setting", "value", "from"],
        [(line.name, msgspec.json.encode(line.value).decode(), line.source) for line in lines],
    )
