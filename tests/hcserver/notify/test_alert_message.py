from __future__ import annotations

import pytest

from hcserver.notify.alert_message import MessageEvent
from tests.hcserver.notify.alert_messages import alert_message


@pytest.mark.parametrize(
    ("event", "good"),
    [("up", True), ("down", False), ("reminder", False), ("paused", False), ("test", False)],
)
def test_only_up_is_good_news(event: MessageEvent, good: bool) -> None:
    assert alert_message(event).up is good
