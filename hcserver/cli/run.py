"""hcserver run"""

from __future__ import annotations

import click

from hcserver.runner.address import PingAddress
from hcserver.runner.command import leave
from hcserver.runner.job import run_job


def _address(context: click.Context, parameter: click.Parameter, value: str) -> PingAddress:
    try:
        return PingAddress.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


# Options behind the name of the command are the command's own.
@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--url",
    metavar="URL",
    callback=_address,
    required=True,
    envvar="HC_PING_URL",
    help="The ping address of the check, else that in the environment variable HC_PING_URL. It may have a "
    "query, as in …/ping/KEY/backup?create=1.",
)
@click.option(
    "--no-output", is_flag=True, help="Report no output. The command then writes to its outputs directly."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 300),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="For one request.",
)
@click.option(
    "--retry-for",
    type=click.FloatRange(0, 86400),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="For how long to try again once the command has ended.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    url: PingAddress, no_output: bool, timeout: float, retry_for: float, command: tuple[str, ...]
) -> None:
    """Run COMMAND, and report its start, its exit status and the end of its output to a check.

    The output, the signals and the exit status of COMMAND stay what they are. It starts at once and never
    waits for the server. This needs no server and no database on the machine.

    \b
    hcserver run --url https://hc.example.org/ping/UUID -- /path/to/job --its-options
    """
    leave(run_job(command, url, timeout=timeout, retry_for=retry_for, with_output=not no_output))
