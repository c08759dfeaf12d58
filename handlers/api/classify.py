"""The API's dry run: how a check would classify an email."""

from __future__ import annotations

from handlers.api.base import UUID, Routes, requires, route
from handlers.api.check_base import CheckApiHandler
from handlers.api.operation import Content, describes
from handlers.api.schemas import ref

_DEADLINE = 40.0  # seconds: a large message waits for a worker, which may take its time


class ClassifyHandler(CheckApiHandler):
    """checks/<uuid>/classify: the body is the email as it was sent. Nothing is recorded."""

    json_body = False

    @property
    def max_body(self) -> int:
        return self.services.settings.smtp.max_message_bytes

    @requires("write")
    @describes(
        "Classify an email as the check would, without recording anything",
        {200: ref("Verdict")},
        body=Content("message/rfc822", "the email as it was sent"),
    )
    async def post(self, check_id: str) -> None:
        check = await self.find_check(check_id)
        self.allow(_DEADLINE)
        verdict = await self.services.mail_classifier.classify(self.body, check)
        self.write_json(
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


ROUTES: Routes = [(route(rf"checks/{UUID}/classify"), ClassifyHandler)]
