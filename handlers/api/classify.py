"""What a check would make of an email, for the API."""

from __future__ import annotations

from handlers.api.base import UUID_PATTERN, Call, Endpoint, endpoint, json_response
from handlers.api.checks import find_check
from handlers.ping.exchange import Response

_PATIENCE = 40.0  # seconds: a large message waits for a worker, which may take its time


async def classify(call: Call) -> Response:
    """POST checks/<uuid>/classify: the body is the email as it was sent. Nothing is recorded."""
    check = await find_check(call)
    call.request.allow(_PATIENCE)
    verdict = await call.services.mail_classifier.classify(call.request.body, check)
    return json_response(
        {
            "reason": {
                "signal": verdict.reason.signal,
                "keyword": verdict.reason.keyword,
                "where": verdict.reason.where,
            },
            "subject": verdict.subject,
            "text": verdict.text,
            "complete": verdict.complete,
        }
    )


def endpoints(max_message_bytes: int) -> list[Endpoint]:
    return [
        endpoint(
            rf"checks/{UUID_PATTERN}/classify",
            body_limit=max_message_bytes,
            POST=("write", classify),
        )
    ]
