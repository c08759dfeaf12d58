from __future__ import annotations

from uuid import uuid4

import pytest

from hcserver.app import build_services
from hcserver.cli.commands import as_id, plain_faults, working
from hcserver.domain.check import Check
from hcserver.errors import InvalidRequest, NotFound
from hcserver.services.container import Services
from hcserver.storage.checks import Stored
from hcserver.validation.check import parse_spec
from tests.hcserver.cli.conftest import Cli


def test_changes_within_working_are_written_when_it_ends(cli: Cli) -> None:
    async def work(services: Services) -> list[Stored]:
        async with working(services):
            project, _ = await services.projects.create("main")
            check: Check
            check, _ = await services.check_editor.create(project, parse_spec({"name": "before"}, 3))
            await services.check_editor.update(project, check.id, parse_spec({"name": "after"}, 3))
        return await services.storage.checks.of_project(project.id)

    assert [stored.check.name for stored in cli.services(work)] == ["after"]


def test_a_running_server_hears_of_changes_within_working(cli: Cli) -> None:
    async def work(server: Services) -> str:
        await server.start()
        try:
            project, _ = await server.projects.create("main")
            check, _ = await server.check_editor.create(project, parse_spec({"name": "before"}, 3))
            command = build_services(server.database, server.settings)
            async with working(command):
                await command.check_editor.update(project, check.id, parse_spec({"name": "after"}, 3))
            await server.runtime.written_news.exchange()
            return (await server.checks.get(project, check.id)).name
        finally:
            await server.stop()

    assert cli.services(work) == "after"


def test_what_is_no_id_names_nothing() -> None:
    id = uuid4()
    assert as_id(str(id), "check") == id
    with pytest.raises(NotFound, match="there is no check 'backup'"):
        as_id("backup", "check")


def test_faults_do_not_speak_of_json() -> None:
    with pytest.raises(InvalidRequest, match=r"^name is too long$"), plain_faults():
        raise InvalidRequest("json validation error: name is too long")
