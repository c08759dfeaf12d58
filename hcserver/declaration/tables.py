"""The tables of a TOML file: its text, arrays of tables, unknown keys, names, and references to variables."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hcserver.declaration.faults import Faults
from hcserver.errors import InvalidRequest
from hcserver.validation.json_fields import text

Table = Mapping[str, Any]

REFERENCE = "env"  # the only key of a table that stands for the value of an environment variable

_read_text = text()


def parse(content: bytes) -> dict[str, Any]:
    """The top of a TOML file. Raises InvalidRequest, with the line where that is known."""
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidRequest("the file is not encoded in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"the file is no TOML that could be read: {error}") from error


def require_known(table: Table, known: Collection[str], faults: Faults) -> None:
    """Note the keys of the table that are none of these."""
    for key in table:
        if key not in known:
            shown = key if key.isprintable() and len(key) <= 100 else ascii(key[:100])
            faults.add(shown, f"is unknown: expected {', '.join(known)}")


def tables(table: Table, key: str, identity: str, faults: Faults) -> Iterator[tuple[Table, Faults]]:
    """The tables of an array of tables, each with the collection of its faults, labelled by its identity."""
    array = table.get(key, [])
    if not isinstance(array, list):
        faults.add(key, "is not an array of tables")
        return
    for number, item in enumerate(array):
        if not isinstance(item, dict):
            faults.add(f"{key}[{number}]", "is not a table")
            continue
        name = item.get(identity)
        yield item, faults.below(f"{key}[{number}]", name if isinstance(name, str) else "")


def require_unique(
    places: Iterable[tuple[str, str]], identity: str, faults: Faults, *, secret: bool = False
) -> None:
    """Note what has the same identity as something before it; `places`: each place with the identity there.

    One that is secret is not shown.
    """
    first: dict[str, str] = {}
    for place, name in places:
        if name in first:
            Faults(place, "" if secret else name, faults.texts).add(
                identity, f"is that of {first[name]}, too"
            )
        first.setdefault(name, place)


def names(value: object) -> tuple[str, ...] | None:
    """The texts of an array, each once; None: it is no array, or has something else in it."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(dict.fromkeys(value))


def text_or_variable(value: object, field: str, environment: Mapping[str, str], faults: Faults) -> str | None:
    """A text, which may be given by `{ env = "NAME" }`; None: it is faulty, and that is noted."""
    if isinstance(value, dict):
        name = value.get(REFERENCE)
        if value.keys() != {REFERENCE} or not isinstance(name, str):
            faults.add(field, 'is neither a text nor a reference such as { env = "NAME" }')
            return None
        if name not in environment:
            faults.add(
                field, f"the environment variable {name if name.isprintable() else ascii(name)} is not set"
            )
            return None
        value = environment[name]
    with faults.of_field(field):
        return _read_text(field, value)
    return None
