"""The JSON body of a request: from bytes to the fields of an object."""

from __future__ import annotations

import json
from typing import Final

from hcserver.errors import InvalidRequest
from hcserver.validation.json_fields import fault

_MAX_DIGITS: Final = 18  # of an integer that is converted; every longer one is too large for every field


def parse_body(raw: bytes) -> dict[str, object]:
    """The fields of a request's JSON body; an empty body has none.

    Raises InvalidRequest if it is not JSON in UTF-8 (RFC 8259 section 8.1: no byte-order mark), nested too
    deeply, or not an object. An integer of more than 18 digits becomes one that is too large for any field.
    """
    if not raw:
        return {}
    try:
        # RecursionError: the body is nested deeper than the parser goes.
        document = json.loads(raw.decode("utf-8"), parse_int=_bounded_int)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("could not parse request body") from error
    if not isinstance(document, dict):
        raise fault("value is not an object")
    return document


def _bounded_int(digits: str) -> int:
    if len(digits) <= _MAX_DIGITS:
        return int(digits)
    return -(10**_MAX_DIGITS) if digits.startswith("-") else 10**_MAX_DIGITS
