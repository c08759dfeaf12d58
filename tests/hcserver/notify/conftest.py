from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.hcserver.receivers import SmtpReceiver, smtp_receiver


@pytest.fixture
async def mail() -> AsyncIterator[SmtpReceiver]:
    async with smtp_receiver() as receiver:
        yield receiver
