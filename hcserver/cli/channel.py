"""hcserver channel: how people are notified."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from hcserver.cli.commands import as_id, open_services, plain_faults, working
from hcserver.cli.output import json_option, print_json, print_rows, print_table, run
from hcserver.domain.channel import Channel
from hcserver.notify.registry import CHANNEL_KINDS, kind_documents, masked_target
from hcserver.notify.target_form import TargetField
from hcserver.notify.targets import MAX_CHARACTERS
from hcserver.validation.channel import EVENTS, MAX_DELAY, parse_channel

_NEEDS = "\n\n".join(
    [
        "What TARGET is, for each KIND:",
        *(f"{name}: {kind.needs}" for name, kind in sorted(CHANNEL_KINDS.items())),
    ]
)

_STDIN_BYTES = 4 * MAX_CHARACTERS + 3  # a line end, and so much that what is too long stays too long


def _fields(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """The values of `--field name=value` by name, one of them from standard input if it is "-"."""
    fields: dict[str, str] = {}
    for given in values:
        name, separator, value = given.partition("=")
        if not separator or name in fields:
            fault = f"{name!r} is given twice" if separator else f"{given!r} is not NAME=VALUE"
            raise click.BadParameter(fault, context, parameter)
        fields[name] = value
    if len(read := [name for name, value in fields.items() if value == "-"]) > 1:
        raise click.BadParameter(f"only one of {', '.join(read)} can be read from standard input", context)
    return {name: _read(value) or "" for name, value in fields.items()}


_field = click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_fields,
    help="One of the fields of the kind, which `channel kinds` lists, instead of TARGET; - reads it from "
    "standard input.",
)
_project = click.argument("project")
_channel = click.argument("name_or_id", metavar="CHANNEL")


def _events(context: click.Context, parameter: click.Parameter, value: str | None) -> list[str] | None:
    """Some of EVENTS, comma-separated."""
    if value is None:
        return None
    events = [event.strip() for event in value.split(",") if event.strip()]
    if wrong := [event for event in events if event not in EVENTS]:
        raise click.BadParameter(f"{wrong[0]!r} is none of {', '.join(EVENTS)}", context, parameter)
    return events


_OPTIONS = (
    click.option(
        "--events",
        callback=_events,
        help=f"The events that it is notified of, comma-separated: {', '.join(EVENTS)}.",
    ),
    click.option(
        "--delay",
        type=click.IntRange(0, MAX_DELAY),
        metavar="SECONDS",
        help="Send that a check is down only if it still is after so long.",
    ),
    click.option("--tags", help="Only for checks that have one of these tags, separated by blanks."),
    click.option(
        "--auto-assign/--no-auto-assign",
        default=None,
        help="Assign it to new checks that name no channels.",
    ),
)


def _settings(command: Any) -> Any:
    """The options that `create` and `update` have in common."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group()
def channel() -> None:
    """Create, test and manage channels."""


@channel.command(epilog=_NEEDS)
@_project
@click.argument("kind", type=click.Choice(sorted(CHANNEL_KINDS)), metavar="KIND")
@click.argument("target", required=False)
@_field
@click.option("--name", default="", help="A name by which the API can assign the channel to checks.")
@_settings
@json_option
def create(
    project: str, kind: str, target: str | None, fields: dict[str, str], as_json: bool, **settings: object
) -> None:
    """Add a channel of that KIND to PROJECT. TARGET says where messages go; "-" reads it from standard input.
    Its parts can be given one by one instead, by --field.

    Other users of the machine can see the arguments of a command while it runs: hand over tokens and
    passwords by standard input.
    """
    place = _place(_read(target), fields)
    if not place:
        raise click.UsageError(f"TARGET is missing: the kind {kind} needs {CHANNEL_KINDS[kind].needs}")

    async def work() -> dict[str, str]:
        async with open_services() as services:
            found = await services.projects.find(project)
            asked = {"kind": kind, **place, **_given(settings)}
            one = await services.channels.create(found, parse_channel(asked))
            return {"id": str(one.id), "name": one.name, "kind": one.kind}

    with plain_faults():
        made = run(work())
    if as_json:
        print_json(made)
    else:
        click.echo(f"Created the {kind} channel {made['id']}.")


@channel.command()
@click.argument("kind", type=click.Choice(sorted(CHANNEL_KINDS)), metavar="KIND", required=False)
@json_option
def kinds(kind: str | None, as_json: bool) -> None:
    """List the kinds of channels, and the fields of KIND, which `channel create --field` takes."""
    documents = [one for one in kind_documents() if kind in (None, one["kind"])]
    if as_json:
        print_json(documents)
    elif kind is None:
        print_rows(("kind", "label", "help"), documents)
    else:
        form = CHANNEL_KINDS[kind].form
        click.echo(f"{form.label}: {form.help}\n")
        rows = [
            (field.name, "yes" if field.required else "no", field.label, _hint(field))
            for field in form.all_fields
        ]
        print_table(("field", "required", "label", "help"), rows)


@channel.command(name="list")
@_project
@json_option
def list_channels(project: str, as_json: bool) -> None:
    """List the channels of PROJECT."""

    async def work() -> list[dict[str, object]]:
        async with open_services() as services:
            found = await services.projects.find(project)
            return [channel_row(one) for one in await services.channels.of_project(found.id)]

    rows = run(work())
    if as_json:
        print_json(rows)
    else:
        print_rows(("kind", "name", "target", "id", "error"), rows)


@channel.command()
@_project
@_channel
@click.option("--secrets", is_flag=True, help="Show the whole target, passwords and tokens included.")
@json_option
def show(project: str, name_or_id: str, secrets: bool, as_json: bool) -> None:
    """Show CHANNEL (a name or an id) of PROJECT."""

    async def work() -> Channel:
        async with open_services() as services:
            return await services.channels.find(await services.projects.find(project), name_or_id)

    _print(run(work()), as_json, secrets)


@channel.command()
@_project
@_channel
@click.option("--check", help="The id of a check for the message to be about.")
@json_option
def test(project: str, name_or_id: str, check: str | None, as_json: bool) -> None:
    """Send a test message by CHANNEL and print the outcome. The exit status is 1 if it failed."""

    async def work() -> dict[str, object]:
        async with open_services() as services, working(services):
            found = await services.projects.find(project)
            one = await services.channels.find(found, name_or_id)
            about = None if check is None else await services.checks.get(found, as_id(check, "check"))
            attempt = await services.channels.test(one, about)
            return {
                "ok": attempt.error is None,
                "status": attempt.status,
                "error": attempt.error,
                "duration": attempt.duration,
            }

    outcome = run(work())
    if as_json:
        print_json(outcome)
    elif outcome["ok"]:
        click.echo(f"It works ({outcome['duration']} s).")
    else:
        click.echo(f"It failed: {outcome['error']}", err=True)
    sys.exit(0 if outcome["ok"] else 1)


@channel.command()
@_project
@_channel
@click.option("--target", help="Its new target; - reads it from standard input.")
@_field
@click.option("--name", help="Its new name.")
@_settings
@click.option("--disable/--enable", "disabled", default=None, help="Stop or resume sending by it.")
@json_option
def update(
    project: str,
    name_or_id: str,
    target: str | None,
    fields: dict[str, str],
    as_json: bool,
    **settings: object,
) -> None:
    """Change CHANNEL (a name or an id) of PROJECT; options and fields that are not given change nothing."""
    settings |= _place(_read(target), fields)

    async def work() -> Channel:
        async with open_services() as services:
            found = await services.projects.find(project)
            one = await services.channels.find(found, name_or_id)
            return await services.channels.update(found, one.id, parse_channel(_given(settings)))

    with plain_faults():
        changed = run(work())
    _print(changed, as_json, secrets=False)


@channel.command()
@_project
@_channel
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@json_option
def delete(project: str, name_or_id: str, yes: bool, as_json: bool) -> None:
    """Delete CHANNEL (a name or an id) of PROJECT, and remove it from checks and groups."""

    async def look() -> Channel:
        async with open_services() as services:
            return await services.channels.find(await services.projects.find(project), name_or_id)

    async def work(name_or_id: str) -> Channel:
        async with open_services() as services, working(services):
            found = await services.projects.find(project)
            one = await services.channels.find(found, name_or_id)
            return await services.channels.delete(found, one.id)

    if not yes:
        asked = run(look())
        question = f"Delete the {asked.kind} channel {asked.name or asked.id}?"
        click.confirm(question, abort=True, err=True)
        name_or_id = str(asked.id)
    gone = run(work(name_or_id))
    if as_json:
        print_json({"id": str(gone.id), "name": gone.name, "kind": gone.kind})
    else:
        click.echo(f"Deleted the {gone.kind} channel {gone.id}.")


def channel_row(channel: Channel) -> dict[str, object]:
    """A channel in a list, without its secrets."""
    return {
        "id": str(channel.id),
        "name": channel.name,
        "kind": channel.kind,
        "target": masked_target(channel),
        "error": channel.shown_error,
    }


def _read(target: str | None) -> str | None:
    """The target, from standard input if it is "-". Not much more is read than a target may have."""
    if target != "-":
        return target
    # What is no UTF-8 is refused with the target.
    raw = b"" if sys.stdin is None else sys.stdin.buffer.read(_STDIN_BYTES)  # None: it is closed
    text = raw.decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").removesuffix("\r")


def _place(target: str | None, fields: dict[str, str]) -> dict[str, object]:
    """Where messages go, as one text or as fields; empty if neither is given."""
    if target is not None and fields:
        raise click.UsageError("--field does not go together with a target")
    return {"fields": fields} if fields else _given({"target": target})


def _hint(field: TargetField) -> str:
    """What to fill in, in one line."""
    hints = [field.help, f"One of {', '.join(field.choices)}." if field.choices else ""]
    hints.append(f"Such as {field.example}" if field.example else "")
    return " ".join(hint for hint in hints if hint)


def _given(settings: dict[str, object]) -> dict[str, object]:
    """The options that were given."""
    return {name: value for name, value in settings.items() if value is not None}


def _print(channel: Channel, as_json: bool, secrets: bool) -> None:
    row = channel_row(channel)
    del row["error"]  # it comes last
    fields: dict[str, object] = {
        **row,
        "events": channel.events,
        "delay": channel.delay,
        "tags": channel.tags,
        "auto_assign": channel.auto_assign,
        "disabled": channel.error is not None,
        "error": channel.shown_error,
    }
    if secrets:
        fields["target"] = channel.target
    if as_json:
        print_json(fields)
    else:
        print_table(("", ""), [(name, _readable(value)) for name, value in fields.items()])


def _readable(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return value
