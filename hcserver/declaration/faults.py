"""What is wrong with a declaration: every fault with its place, all of them in one error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hcserver.errors import InvalidRequest
from hcserver.validation.json_fields import without_prefix


class Faults:
    """The faults at and below one place of a file, such as `projects[0].checks[2]`.

    `label` is what people call the thing there; it stands behind the text of each fault, as nobody counts
    to the 812th check of a file.
    """

    def __init__(self, place: str = "", label: str = "", texts: list[str] | None = None) -> None:
        self.place = place
        self._label = label
        self.texts: list[str] = [] if texts is None else texts

    def below(self, name: str, label: str = "") -> Faults:
        """The faults at a place below this one; they are in this collection, too."""
        return Faults(self._at(name), label or self._label, self.texts)

    def add(self, field: str, problem: str) -> None:
        """Note a fault of a field; "" is the place itself."""
        place = self._at(field)
        behind = f" ({self._label})" if self._label.strip() and self._label.isprintable() else ""
        self.texts.append(f"{place}: {problem}{behind}" if place else f"{problem}{behind}")

    @contextmanager
    def of_field(self, field: str) -> Iterator[None]:
        """Note the InvalidRequest of the validation of this field, whose text may begin with the field."""
        try:
            yield
        except InvalidRequest as error:
            text = without_prefix(error)
            if text.startswith((f"{field} ", f"{field}.")):
                field, _, text = text.partition(" ")
            self.add(field, text)

    def raise_any(self) -> None:
        """Raises InvalidRequest with a line for each fault, if there are any."""
        if self.texts:
            raise InvalidRequest("\n".join(self.texts))

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place and name else self.place or name
