"""`hcserver apply` and `hcserver export`: projects as files."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import click
import msgspec

from hcserver.cli.commands import open_services, working
from hcserver.cli.output import console, harmless, json_option, print_json, print_table, progress_bars, run
from hcserver.declaration.diff_lines import diff_lines, document, summary
from hcserver.declaration.executor import Executor
from hcserver.declaration.export import Exported, export_projects
from hcserver.declaration.model import DeclaredProject
from hcserver.declaration.plan import Plan
from hcserver.declaration.planner import plan as make_plan
from hcserver.declaration.present import PresentProject
from hcserver.declaration.read_file import read_file
from hcserver.declaration.reading import (
    configured_limits,
    find_projects,
    read_present,
    require_usable_targets,
)
from hcserver.domain.project import Project
from hcserver.errors import HcError
from hcserver.services.container import Services
from hcserver.services.management.projects import Keys


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Print what would be changed, and change nothing.")
@click.option("--prune", is_flag=True, help="Delete what the projects have and FILE does not name.")
@json_option
def apply(file: BinaryIO, dry_run: bool, prune: bool, as_json: bool) -> None:
    """Give the projects that FILE declares all that it says; "-" reads it from standard input. FILE is TOML,
    and docs/config-as-code.md describes it.

    Projects, channels and maintenance windows are known by their names, checks by their slugs. What is as
    FILE says stays as it is, and so does every project that FILE does not name. The keys of a project that
    is created are printed once.
    """
    made: list[dict[str, object]] = []

    def told(project: Project, keys: Keys) -> None:
        made.append(_project_keys(project, keys))
        if not as_json:
            click.echo(f"Created the project {project.name}. Note down its keys, they can't be shown again:")
            print_table(("", ""), made[-1].items())

    async def work() -> Plan:
        async with open_services() as services:
            plan, present = await _planned(services, declared, prune)
            if not as_json:
                _print_diff(plan)
            if plan.count() and not dry_run:
                async with working(services):
                    executor = Executor(services, plan, present)
                    await executor.make_projects(told)
                    with progress_bars() as bars:
                        await executor.make_contents(partial(bars, "changes"))
            return plan

    declared = read_file(file.read(), os.environ)
    try:
        plan = run(work())
    except HcError:
        if as_json and made:
            print_json({"projects": made})
        raise
    if as_json:
        print_json({**document(plan), "dry_run": dry_run, "projects": made})
    else:
        click.echo(summary(plan, dry_run=dry_run))


@click.command()
@click.argument("names", nargs=-1, metavar="[PROJECT]...")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write this file instead.")
@click.option("--secrets", is_flag=True, help="Write targets of channels and ping keys in clear.")
def export(names: tuple[str, ...], output: Path | None, secrets: bool) -> None:
    """Print each PROJECT (a name or an id; without one, all of them) as a file for `hcserver apply`.

    In place of secrets it refers to environment variables, which are listed on standard error together with
    what a file can't declare.
    """

    async def work() -> Exported:
        async with open_services() as services:
            projects = await find_projects(services, names)
            present = await read_present(services, projects)
            return export_projects(present.values(), secrets=secrets)

    exported = run(work())
    if output is None:
        click.echo(exported.text, nl=False)
    else:
        _write(output, exported.text)
    for name, meaning in exported.variables.items():
        click.echo(f"To be set: {name}, {harmless(meaning)}", err=True)
    for text in exported.left_out:
        click.echo(f"Left out: {harmless(text)}", err=True)
    if secrets:
        click.echo("The file contains passwords and tokens: keep it private.", err=True)


async def _planned(
    services: Services, declared: tuple[DeclaredProject, ...], prune: bool
) -> tuple[Plan, dict[UUID, PresentProject]]:
    """The plan for what is declared, which the server can carry out, and what there is."""
    projects = await services.projects.all()
    names = {one.name for one in declared}
    present = await read_present(services, [one for one in projects if one.name in names])
    limits = configured_limits(services)
    plan = make_plan(declared, projects, present, limits, services.clock(), prune=prune)
    require_usable_targets(services, plan, present)
    return plan, present


def _project_keys(project: Project, keys: Keys) -> dict[str, object]:
    return {"id": str(project.id), "name": project.name, **msgspec.structs.asdict(keys)}


def _print_diff(plan: Plan) -> None:
    from rich.text import Text

    terminal = console()
    for line, colour in diff_lines(plan):
        terminal.print(Text(harmless(line), style=colour), soft_wrap=True)


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole; only its owner can read it. Raises HcError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise HcError(f"can't write {path}: {error.strerror}") from error
