from __future__ import annotations

from hcserver.domain.project import Project
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel


async def test_a_test_message_reports_its_outcome(
    services: Services, project: Project, fake: FakeKind
) -> None:
    channel = await add_channel(services, project, "one")
    attempt = await services.notifier.test(channel, None)
    assert (attempt.status, attempt.error) == (200, None)

    async def trouble() -> None:
        raise DeliveryError("no such address", transient=False, status=550)

    fake.trouble["one"] = trouble
    attempt = await services.notifier.test(channel, None)
    assert (attempt.status, attempt.error) == (550, "no such address")
