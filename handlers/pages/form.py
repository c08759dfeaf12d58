"""Forms as browsers send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from tornado.web import HTTPError

MAX_FIELDS = 10_000


class Form:
    """The fields of a form. A field that was not sent is an empty text, as an unchecked box is."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def get(self, name: str) -> str:
        """The text without blanks at its ends, with simple line ends; the last one if there are several."""
        values = self._fields.get(name)
        return values[-1].replace("\r\n", "\n").strip() if values else ""

    def exact(self, name: str) -> str:
        """The text as it was typed, which matters in a password."""
        values = self._fields.get(name)
        return values[-1] if values else ""

    def all(self, name: str) -> list[str]:
        """Each value of the field, in the order in which they stand in the page."""
        return list(self._fields.get(name, ()))

    def is_on(self, name: str) -> bool:
        """Whether a box is checked."""
        return bool(self.get(name))

    def values(self) -> dict[str, str]:
        """The last value of each field."""
        return {name: self.get(name) for name in self._fields}


def parse_form(content_type: str, body: bytes) -> Form:
    """Raises HTTPError (400)."""
    kind = content_type.partition(";")[0].strip().lower()
    if body and kind != "application/x-www-form-urlencoded":
        raise HTTPError(400, reason="not a form")
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise HTTPError(400, reason="not a form") from None
    return Form(fields)
