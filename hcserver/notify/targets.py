"""Reading targets: the strings that say where a channel leads."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from hcserver.errors import InvalidRequest

T = TypeVar("T")

MAX_CHARACTERS = 16_384
MASK = "****"
# The error of a channel whose stored target is refused now. It repeats nothing of the target.
STORED_UNFIT = "the stored target does not fit the kind of the channel any more: set it again"


def refusal(problem: str, needs: str) -> InvalidRequest:
    """The error for a target that does not fit; `needs` says what would."""
    return InvalidRequest(f"{problem}: expected {needs}")


def stripped(target: str, needs: str) -> str:
    """The target without white space around it. Raises InvalidRequest if no kind could use it."""
    if len(target) > MAX_CHARACTERS:
        raise refusal(f"the target is longer than {MAX_CHARACTERS} characters", needs)
    if "\0" in target or not _encodable(target):
        raise refusal("the target has characters in it that are none", needs)
    if not target.strip():
        raise refusal("the target is empty", needs)
    return target.strip()


def decoded(target: str, shape: type[T], needs: str) -> T:
    """A target that is a JSON object. Raises InvalidRequest that names the member that does not fit."""
    try:
        return msgspec.json.decode(target, type=shape)
    except msgspec.DecodeError as error:
        raise refusal(f"the target does not fit ({error})", needs) from error
    except (RecursionError, ValueError) as error:
        raise refusal("the target is no JSON that could be read", needs) from error


def encoded(target: msgspec.Struct) -> str:
    return msgspec.json.encode(target).decode()


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
