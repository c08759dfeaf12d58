"""What people fill in for a channel, kind by kind: the fields of a form, and the target that they become.

Each kind declares its fields once; the command line, the API and the pages all use this declaration. A stored
target that the fields can't express (an Apprise URL with options, say) is shown in one field named "target".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from hcserver.errors import InvalidRequest
from hcserver.notify.targets import MAX_CHARACTERS

# "secret" is not shown again to whoever may not change the channel; "channels" are the ids of other channels.
FieldType = Literal["text", "url", "email", "secret", "number", "choice", "multiline", "channels"]
Values = Mapping[str, str]

WHOLE: Final = "target"  # the name of the field that stands for all others

MAX_LINE: Final = 2000  # characters of a value on one line
_LONG: Final = frozenset({"multiline", "channels"})


class TargetField(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of a form. `pattern` is a regular expression that the whole value matches, with
    classes of ASCII characters; `default` is the value where none is given.
    """

    name: str
    label: str
    type: FieldType = "text"
    help: str = ""
    required: bool = True
    example: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    pattern: str = ""

    def checked(self, value: str) -> str:
        """The value without blanks around it. Raises InvalidRequest that begins with the field's name."""
        limit = MAX_CHARACTERS if self.type in _LONG else MAX_LINE
        if len(value) > limit:
            raise self.fault(f"is longer than {limit} characters")
        value = value.strip() or self.default
        if not value:
            if self.required:
                raise self.fault("is missing")
            return ""
        printable = "".join(value.splitlines()) if self.type == "multiline" else value
        if not printable.replace("\t", " ").isprintable():
            raise self.fault("contains characters that can't be printed")
        if self.choices and value not in self.choices:
            raise self.fault(f"is none of {', '.join(self.choices)}")
        if self.pattern and not re.fullmatch(self.pattern, value, re.ASCII):
            raise self.fault(f"does not look like {self.example}")
        return value

    def fault(self, problem: str) -> InvalidRequest:
        """The error for a value of this field, without the value, which may be secret."""
        return InvalidRequest(f"{self.name} {problem}")


_WHOLE_FIELD: Final = TargetField(
    name=WHOLE,
    label="Target",
    type="multiline",
    help="The whole target as one text, instead of the other fields.",
    required=False,
)


class TargetForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a kind of channel. `join` makes the target of checked values, one for each field; `split`
    does the reverse with a stored target, None where the fields can't express it.

    `normalise` is the kind's own; with it we find out whether the fields express a stored target completely.
    """

    label: str
    help: str
    fields: tuple[TargetField, ...]
    join: Callable[[Values], str]
    split: Callable[[str], Values | None]
    normalise: Callable[[str], str]
    whole: bool = True  # whether there are targets that the fields can't express

    @property
    def all_fields(self) -> tuple[TargetField, ...]:
        """The fields, and the one that stands for all of them where the kind has it."""
        return (*self.fields, _WHOLE_FIELD) if self.whole else self.fields

    @property
    def main(self) -> str:
        """The name of the field that says where messages go."""
        urls = (field.name for field in self.fields if field.type == "url")
        return next(urls, self.fields[0].name)

    def to_target(self, values: Values) -> str:
        """The target, which the kind has yet to check. Raises InvalidRequest that names the field first."""
        known = {field.name: field for field in self.all_fields}
        for name in values:
            if name not in known:
                raise InvalidRequest(f"{name[:100]!r} is no field: expected {', '.join(known)}")
        if self.whole and values.get(WHOLE, "").strip():
            if others := [name for name in values if name != WHOLE and values[name].strip()]:
                raise InvalidRequest(f"{WHOLE} does not go together with {', '.join(others)}")
            return _WHOLE_FIELD.checked(values[WHOLE])
        return self.join({field.name: field.checked(values.get(field.name, "")) for field in self.fields})

    def from_target(self, target: str) -> dict[str, str]:
        """The values that make this stored target; those that are not given are left out."""
        values = self.split(target) if self._fits(target) else None
        if values is None:
            return {WHOLE: target} if self.whole else {self.fields[0].name: target}
        given = {name: value for name, value in values.items() if value}
        if self.whole and not self._makes(given, target):
            return {WHOLE: target}
        return given

    def merged(self, target: str, values: Values) -> dict[str, str]:
        """The values of the stored target with these in their place; an empty one removes what was there."""
        if values.get(WHOLE, "").strip() and self.whole:
            return dict(values)
        before = self.from_target(target)
        if self.whole and any(values[name].strip() for name in values if name != WHOLE):
            before.pop(WHOLE, None)
        return {**before, **values}

    def _fits(self, target: str) -> bool:
        """Whether the kind would take the stored target today."""
        try:
            return self.normalise(target) == target
        except InvalidRequest:
            return False

    def _makes(self, values: Values, target: str) -> bool:
        try:
            return self.normalise(self.to_target(values)) == target
        except InvalidRequest:
            return False


def one_field(label: str, help: str, field: TargetField, normalise: Callable[[str], str]) -> TargetForm:
    """The form of a kind whose target is the value of a single field."""
    return TargetForm(
        label=label,
        help=help,
        fields=(field,),
        join=lambda values: values[field.name],
        split=lambda target: {field.name: target},
        normalise=normalise,
        whole=False,
    )
