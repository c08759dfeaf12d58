"""Running commands and printing their results: tables for people, JSON for scripts."""

from __future__ import annotations

import asyncio
import os
import sys
import unicodedata
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from hcserver.config.loader import load
from hcserver.config.schema import Settings

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

_PIPE_WIDTH = 250  # columns of a table where there is no terminal

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def current_settings() -> Settings:
    """The settings of the current command. Raises ConfigError."""
    path: str | None = click.get_current_context().find_root().params.get("config")
    return load(path, os.environ)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` and return its result. Ctrl-C cancels it, so that it can clean up."""
    return asyncio.run(coroutine)


def print_json(document: object) -> None:
    """Print `document` (whatever msgspec encodes) as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print `rows` under `columns` (no line for those if none has a name); None is shown as nothing."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # As Text, since rich would interpret brackets in strings as markup.
        table.add_row(*(Text("" if cell is None else harmless(str(cell))) for cell in row))
    console().print(table)


def print_rows(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Print the fields `columns` of each row as a table with a header."""
    print_table(columns, [[row[column] for column in columns] for row in rows])


def harmless(text: str) -> str:
    """`text` with control and other invisible characters escaped, except line breaks and tabs.

    Texts that come from outside could control the terminal otherwise.
    """
    return "".join(
        character
        if character in "\n\t" or not unicodedata.category(character).startswith("C")
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def console(*, stderr: bool = False) -> Console:
    """A rich console on the current standard output (or standard error)."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _PIPE_WIDTH)


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each step on standard error, if that is a terminal."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    terminal = console(stderr=True)
    steps = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=terminal,
        disable=not terminal.is_terminal,
    )
    tasks = {}
    with steps:

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = steps.add_task(step)
            steps.update(tasks[step], completed=done, total=total)

        yield show
