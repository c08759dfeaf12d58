"""hcserver serve"""

from __future__ import annotations

import asyncio

import click

from hcserver.cli.output import current_settings


@click.command()
def serve() -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    from hcserver.app import serve as work

    asyncio.run(work(current_settings()))
