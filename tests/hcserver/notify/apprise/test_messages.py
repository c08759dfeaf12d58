from __future__ import annotations

import msgspec

from hcserver.notify.apprise.messages import (
    AppriseRequest,
    AppriseResult,
    Message,
    request_decoder,
    result_decoder,
)


def test_a_request_arrives_in_the_process_as_it_was_made() -> None:
    message = Message(body="disk full", title="DOWN", format="markdown", level="failure", options={"a": "b"})
    request = AppriseRequest(url="ntfys://ntfy.sh/topic", message=message)
    assert request_decoder.decode(msgspec.msgpack.encode(request)) == request


def test_a_result_arrives_in_the_server_as_it_was_made() -> None:
    result = AppriseResult(delivered=False, text="busy", transient=True, status=429, retry_after=42.0)
    assert result_decoder.decode(msgspec.msgpack.encode(result)) == result
