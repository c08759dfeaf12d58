"""The command line. A command's module is imported when it is called, so that `hcserver --help` is fast."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from hcserver import __version__
from hcserver.errors import ConfigError, HcError

# name -> (module, attribute, help)
_COMMANDS = {
    "serve": ("hcserver.cli.serve", "serve", "Run the server."),
    "run": ("hcserver.cli.run", "run", "Run a job, and report its start and its end to a check."),
    "project": ("hcserver.cli.project", "project", "Create and manage projects."),
    "channel": ("hcserver.cli.channel", "channel", "Create, test and manage channels."),
    "window": ("hcserver.cli.window", "window", "Create and manage maintenance windows."),
    "apply": ("hcserver.cli.declaration", "apply", "Change projects as a file declares them."),
    "export": ("hcserver.cli.declaration", "export", "Write projects as a file that declares them."),
    "user": ("hcserver.cli.user", "user", "Create and manage users, who sign in to the pages."),
    "member": ("hcserver.cli.member", "member", "Manage the members of projects."),
    "api-key": ("hcserver.cli.api_key", "api_key", "Create and revoke API keys with names."),
    "admin-key": ("hcserver.cli.admin_key", "admin_key", "Create and manage admin keys."),
    "email": ("hcserver.cli.email", "email", "Test the reception of emails."),
    "classify": ("hcserver.cli.email", "classify", "Classify an email as a check would."),
    "config": ("hcserver.cli.config", "config", "Show the settings."),
    "doctor": (
        "hcserver.cli.doctor",
        "doctor",
        "Look for problems of the configuration, the database and the data.",
    ),
    "secrets": ("hcserver.cli.secrets", "secrets", "Manage the keys that encrypt channels."),
    "import": ("hcserver.cli.importing", "importing", "Copy checks from another monitor."),
    "dump": ("hcserver.cli.data", "dump", "Write all data to a file."),
    "load": ("hcserver.cli.data", "load", "Read a dump into an empty database."),
}

_FAILED = 1
_MISCONFIGURED = 2


class _Commands(click.Group):
    """A group that imports its commands by name, and prints each HcError on one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = [
            CompletionItem(name, help=text)
            for name, (_, _, text) in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HcError as error:
            for line in str(error).splitlines():
                click.echo(f"error: {line}", err=True)
            sys.exit(_MISCONFIGURED if isinstance(error, ConfigError) else _FAILED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hcserver")
@click.option(
    "--config",
    type=click.Path(readable=False),  # for the completion of shells; whether it can be read is seen later
    metavar="PATH",
    help="Configuration file (default: HCSERVER_CONFIG, else ./config.toml).",
)
def main(config: str | None) -> None:
    """Hcserver: a monitor for scheduled jobs."""
