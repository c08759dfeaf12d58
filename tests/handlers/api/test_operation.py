from __future__ import annotations

import pytest

from handlers.api.base import ApiHandler, requires
from handlers.api.operation import Content, describes, operation_of


class Handler(ApiHandler):
    @requires("read")
    @describes("Read it", {200: {"type": "object"}}, query={"limit": {"type": "integer"}}, more="Slowly.")
    async def get(self) -> None: ...

    @requires("write")
    async def post(self) -> None: ...


def test_what_a_method_does_is_known_from_its_handler() -> None:
    operation = operation_of(Handler.get)
    assert operation.summary == "Read it"
    assert operation.answers == {200: {"type": "object"}}
    assert operation.query == {"limit": {"type": "integer"}}
    assert (operation.body, operation.more) == (None, "Slowly.")


def test_a_method_without_a_declaration_is_recognised() -> None:
    with pytest.raises(AttributeError, match="operation"):
        operation_of(Handler.post)


def test_a_body_need_not_be_json() -> None:
    body = Content("text/plain", "as it was sent")

    @describes("Send it", {200: body}, body=body)
    async def post() -> None: ...

    assert operation_of(post).body is body
