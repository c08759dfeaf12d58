"""The filter of a list of checks: `tag:db is:down words`, all of which must match."""

from __future__ import annotations

from typing import Final

import msgspec

from hcserver.domain.check import Check

MAX_FILTER: Final = 200  # characters of a filter that are looked at


class CheckFilter(msgspec.Struct, frozen=True):
    """Checks that have all the tags, are in one of the states (none: in any), and have each of the words in
    their name, slug, tags or description, whatever the case, or as their id.

    Parts of ids are not found: whoever may only look could guess one piece by piece, and ping the check.
    """

    tags: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def matches(self, check: Check, state: str) -> bool:
        """Whether the check, which is in that state, is asked for. A running check is up, or new, as well."""
        names = {state, check.status} if state == "running" else {state}
        if self.states and self.states.isdisjoint(names):
            return False
        if self.tags and not self.tags.issubset(check.tags.split()):
            return False
        if not self.words:
            return True
        text, id = searched_text(check), str(check.id)
        return all(word in text or word == id for word in self.words)


def searched_text(check: Check, notes: int | None = None) -> str:
    """In which the words are looked for; with so many characters of the description, None: with all."""
    return f"{check.name}\n{check.slug}\n{check.tags}\n{check.desc[:notes]}".casefold()


def parse_filter(text: str) -> CheckFilter:
    """What a person has typed."""
    tags, states, words = set(), set(), []
    for part in text[:MAX_FILTER].split():
        name, _, value = part.partition(":")
        if name == "tag" and value:
            tags.add(value)
        elif name == "is" and value:
            states.update(value.casefold().split(","))
        else:
            words.append(part.casefold())
    return CheckFilter(frozenset(tags), frozenset(states), tuple(words))
