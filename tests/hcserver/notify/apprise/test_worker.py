from __future__ import annotations

import msgspec
import pytest

from hcserver.notify.apprise import worker as module
from hcserver.notify.apprise.messages import AppriseRequest, AppriseResult, Message, result_decoder
from tests.hcserver.notify.apprise import plugins


def test_a_plugin_that_raises_is_a_failure_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plugins

    def deliver(request: AppriseRequest) -> AppriseResult:
        raise ZeroDivisionError(f"by {request.url}")

    monkeypatch.setattr(module, "deliver", deliver)
    request = AppriseRequest(url="ntfys://s3cret@ntfy.example.org/topic", message=Message(body="x"))
    result = result_decoder.decode(module._answer(msgspec.msgpack.encode(request)))
    assert (result.delivered, result.transient) == (False, True)
    assert result.text == "Apprise has failed: ZeroDivisionError: by ntfys://****@ntfy.example.org/****"
