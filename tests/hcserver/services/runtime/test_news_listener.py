from __future__ import annotations

from typing import Any

import pytest

from hcserver.errors import NotFound, Unauthorized
from hcserver.services.runtime.written_news import CUT_OFF
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create


async def test_a_changed_check_is_loaded_again_by_other_processes(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, keys = await first.projects.create("main")
    check = await create(first, project, slug="old", methods="")
    assert (await second.intake.find_by_slug(keys.ping_key, "old")).id == check.id
    await first.check_editor.update(project, check.id, parse_spec({"slug": "new", "methods": "POST"}, 3))
    await second.runtime.news_listener.listen()
    with pytest.raises(NotFound):
        await second.intake.find_by_slug(keys.ping_key, "old")
    assert (await second.intake.find_by_slug(keys.ping_key, "new")).methods == "POST"


async def test_a_rotated_key_stops_working_in_other_processes(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, keys = await first.projects.create("main")
    await second.lookup.by_ping_key(keys.ping_key)
    await first.projects.rotate_key(project, "ping")
    await second.runtime.news_listener.listen()
    with pytest.raises(NotFound):
        await second.lookup.by_ping_key(keys.ping_key)


async def test_a_server_that_was_cut_off_for_a_while_forgets_everything(
    make_services: MakeServices, clock: FakeClock, database: Any
) -> None:
    first, second = await make_services(), await make_services()
    project, keys = await first.projects.create("main")
    check = await create(first, project)
    await second.lookup.authenticate(keys.api_key, "write")
    await second.checks.get(project, check.id)
    await first.projects.rotate_key(project, "api")
    await first.check_editor.update(project, check.id, parse_spec({"name": "new"}, 3))
    await database["news"].delete_many({})  # as if the first one had taken itself for the only one
    clock.advance(CUT_OFF.total_seconds() + 1)
    await second.runtime.news_listener.listen()
    with pytest.raises(Unauthorized):
        await second.lookup.authenticate(keys.api_key, "write")
    assert (await second.checks.get(project, check.id)).name == "new"
