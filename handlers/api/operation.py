"""What a method of an API handler does, declared beside it: the description of the API is made of this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Schema = Mapping[str, Any]  # a JSON Schema (2020-12)
M = TypeVar("M", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is no JSON."""

    media_type: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` says what comes with each status: of success, and of the refusals that other operations don't
    have. None: nothing.
    """

    summary: str
    answers: Mapping[int, Schema | Content | None]
    body: Schema | Content | None = None  # of a POST; None: its fields count for nothing
    query: Mapping[str, Schema] = field(default_factory=dict)
    more: str = ""  # what else there is to know


def describes(
    summary: str,
    answers: Mapping[int, Schema | Content | None],
    *,
    body: Schema | Content | None = None,
    query: Mapping[str, Schema] | None = None,
    more: str = "",
) -> Callable[[M], M]:
    """Declare what a method does. It stands below `requires`, which keeps the declaration."""

    def declare(method: M) -> M:
        method.operation = Operation(summary, answers, body, query or {}, more)  # type: ignore[attr-defined]
        return method

    return declare


def operation_of(method: Any) -> Operation:
    """What the method was declared to do. Raises AttributeError for one that was not."""
    operation: Operation = method.operation
    return operation
