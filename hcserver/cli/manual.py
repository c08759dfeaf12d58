"""The manual page hcserver(1), made of the help texts of all commands: `make man` writes docs/hcserver.1."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from hcserver import __version__
from hcserver.cli import main

_HEAD = f"""\
.\\" Written by `make man` from the help texts of the commands.
.TH HCSERVER 1 "" "hcserver {__version__}" "User Commands"
.SH NAME
hcserver \\- a monitor for scheduled jobs
.SH SYNOPSIS
.B hcserver
[OPTIONS] COMMAND [ARGS]...
.SH DESCRIPTION
Jobs report to hcserver by HTTP or email, and people are notified when they don't.
"""
_TAIL = """\
.SH ENVIRONMENT
.TP
.B HCSERVER_CONFIG
The configuration file, unless it is given by \\-\\-config.
.TP
.B HCSERVER_<SECTION>_<KEY>
Overrides a setting of the configuration file, as HCSERVER_HTTP_PORT does for port in [http].
.TP
.B HCSERVER_<SECTION>_<KEY>_FILE
Names a file with the value of a setting that is a secret.
.TP
.B HC_PING_URL
The ping address for
.BR "hcserver run" .
.SH FILES
.TP
.I ./config.toml
The configuration file, unless another one is named.
The one that comes with hcserver describes each setting.
.SH SIGNALS
.B hcserver serve
stops at SIGTERM and SIGINT, once what it has begun is finished; at SIGHUP it reads certificates again,
or stops if it runs in a terminal, which is then closed.
.SH EXIT STATUS
.TP
.B 0
The command has succeeded.
.TP
.B 1
It has failed.
.TP
.B 2
Its arguments or the settings don't fit.
.PP
.B hcserver run
ends with the exit status of the job.
"""


def manual() -> str:
    """The whole page, in the language of man(7)."""
    context = click.Context(main, info_name="hcserver")
    sections = [*_options(main, context), ".SH COMMANDS\n"]
    for command in _below(main, context):
        sections += _command(*command)
    return "".join([_HEAD, ".SH OPTIONS\n", *sections, _TAIL])


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """The commands of a group in their order, with those of the groups among them in place of these."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name)
        if isinstance(command, click.Group):
            yield from _below(command, inner)
        else:
            yield command, inner


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    arguments = " ".join(command.collect_usage_pieces(context))
    yield f'.SS "{_escaped(context.command_path)} {_escaped(arguments)}"\n'
    for text in (command.help, command.epilog):
        yield from _paragraphs(text or "")
    yield from _options(command, context)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record is not None and "--help" not in parameter.opts:
            names, text = record
            yield f".TP\n.B {_escaped(names)}\n{_escaped(text)}\n"


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs of a help text; those that begin with \\b, a mark of click's, keep their lines."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        kept = paragraph.removeprefix("\b\n")
        if kept != paragraph:
            yield f".PP\n.nf\n{_escaped(kept)}\n.fi\n"
        elif paragraph:
            yield f".PP\n{_escaped(' '.join(paragraph.split()))}\n"


def _escaped(text: str) -> str:
    """The text as it is, for a line that is no request: hyphens that can be copied, and no backslash lost."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return re.sub(r"(?m)^(?=[.'])", r"\\&", escaped)


if __name__ == "__main__":
    print(manual(), end="")
