"""The environment variables that an exported file has in place of secrets."""

from __future__ import annotations

from collections.abc import Sequence

from hcserver.declaration.tables import REFERENCE
from hcserver.domain.slug import slugify


class Variables:
    """Gives each secret a name; with `in_clear` none is needed."""

    def __init__(self, *, in_clear: bool) -> None:
        self._in_clear = in_clear
        self.meanings: dict[str, str] = {}  # what each variable has to be, by its name

    def stand_in(self, words: Sequence[str], secret: str | None, meaning: str) -> str | dict[str, str]:
        """What the file has in place of the secret, which may be unknown (None). The name of the variable is
        made of the words; it is the same in every export as long as these are.
        """
        if self._in_clear and secret is not None:
            return secret
        name = base = "_".join(part for word in words if (part := _upper(word)))
        number = 2
        while name in self.meanings:
            name, number = f"{base}_{number}", number + 1
        self.meanings[name] = meaning
        return {REFERENCE: name}


def _upper(word: str) -> str:
    return slugify(word).upper().replace("-", "_")
