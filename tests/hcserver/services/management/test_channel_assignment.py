from __future__ import annotations

import pytest

from hcserver.domain.project import Project
from hcserver.errors import InvalidRequest
from hcserver.services.container import Services
from hcserver.services.management.channel_assignment import ChannelAssignment
from tests.hcserver.services.delivery.delivery_setup import add_channel


async def test_channels_are_named_by_id_by_name_or_all_at_once(services: Services, project: Project) -> None:
    one = await add_channel(services, project, "1", name="one")
    two = await add_channel(services, project, "2", name="two", auto_assign=True)
    channels = ChannelAssignment(services.storage.channels)
    assert await channels.resolve(project.id, None) is None
    assert await channels.resolve(project.id, "") == ()
    assert set(await channels.resolve(project.id, "*") or ()) == {one.id, two.id}
    assert await channels.resolve(project.id, f"two,{one.id},two") == (two.id, one.id)
    assert await channels.for_new_check(project.id) == (two.id,)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("one,", "empty channel identifier"),
        ("three", "invalid channel identifier: three"),
        ("twin", "non-unique channel identifier: twin"),
    ],
)
async def test_an_identifier_that_names_no_single_channel_is_an_error(
    services: Services, project: Project, wanted: str, text: str
) -> None:
    for name in ("one", "twin", "twin"):
        await add_channel(services, project, name, name=name)
    with pytest.raises(InvalidRequest, match=f"^{text}$"):
        await ChannelAssignment(services.storage.channels).resolve(project.id, wanted)
