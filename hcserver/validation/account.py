"""What people type to create a user: names and passwords. Faults are sentences to show beside the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hcserver.errors import InvalidFields
from hcserver.validation.limits import MAX_NAME

MIN_PASSWORD: Final = 10  # characters
MAX_PASSWORD: Final = 1000


def user_name(value: str, field: str = "name") -> str:
    """The name of a user, without blanks around it. Raises InvalidFields."""
    name = value[: 10 * MAX_NAME].strip()
    if not name:
        raise InvalidFields({field: "Give a name."})
    if len(name) > MAX_NAME:
        raise InvalidFields({field: f"A name has at most {MAX_NAME} characters."})
    if not name.isprintable():
        raise InvalidFields({field: "A name has no characters that can't be printed."})
    return name


def new_password(value: str, field: str = "password") -> str:
    """The password. Raises InvalidFields."""
    if len(value) < MIN_PASSWORD:
        raise InvalidFields({field: f"A password has at least {MIN_PASSWORD} characters."})
    if len(value) > MAX_PASSWORD:
        raise InvalidFields({field: f"A password has at most {MAX_PASSWORD} characters."})
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidFields({field: "The password has characters that can't be stored."}) from error
    return value


def new_user(name: str, password: str | None) -> None:
    """Raises InvalidFields with the faults of both."""
    all_of(lambda: user_name(name), lambda: password is None or new_password(password))


def all_of(*readers: Callable[[], object]) -> None:
    """Call each of them. Raises InvalidFields with the faults that any of them has found."""
    faults: dict[str, str] = {}
    for read in readers:
        try:
            read()
        except InvalidFields as error:
            faults.update(error.faults)
    if faults:
        raise InvalidFields(faults)
