from __future__ import annotations

import pytest

from hcserver.errors import Ambiguous, InvalidRequest, NotFound, Unauthorized
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, MakeServices


async def test_a_key_opens_until_it_is_deleted_in_every_process(
    services: Services, make_services: MakeServices
) -> None:
    other = await make_services()
    key, clear = await services.admin_keys.create("terraform")
    assert await other.admin_keys.authenticate(clear) == key
    assert await other.admin_keys.delete("terraform") == key
    with pytest.raises(Unauthorized, match="wrong api key"):
        await services.admin_keys.authenticate(clear)


@pytest.mark.parametrize("key", [None, "", "x" * 31, "x" * 33])
async def test_what_has_not_the_length_of_a_key_is_none(services: Services, key: str | None) -> None:
    with pytest.raises(Unauthorized, match="missing api key"):
        await services.admin_keys.authenticate(key)


@pytest.mark.parametrize("key", ["hca_" + "x" * 28, "\ud800" * 32, "\0" * 32])
async def test_an_unknown_key_opens_nothing(services: Services, key: str) -> None:
    await services.admin_keys.create()
    with pytest.raises(Unauthorized, match="wrong api key"):
        await services.admin_keys.authenticate(key)


async def test_keys_are_listed_by_age_and_deleted_by_id_or_name(services: Services, clock: FakeClock) -> None:
    made = []
    for name in ("a", "a", ""):
        made.append((await services.admin_keys.create(name))[0])
        clock.advance(1)
    assert await services.admin_keys.all() == made
    with pytest.raises(Ambiguous, match="several admin keys are named 'a': give the id"):
        await services.admin_keys.delete("a")
    await services.admin_keys.delete(made[0].id)
    await services.admin_keys.delete("a")
    for unknown in ("", "a", made[0].id):
        with pytest.raises(NotFound, match="there is no admin key"):
            await services.admin_keys.delete(unknown)
    assert await services.admin_keys.all() == made[2:]


async def test_a_name_is_printable(services: Services) -> None:
    with pytest.raises(InvalidRequest):
        await services.admin_keys.create("a\nb")
