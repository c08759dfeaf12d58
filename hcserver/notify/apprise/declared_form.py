"""Declaring the form of a service that Apprise reaches: its fields, and the URLs that they express."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from hcserver.notify.target_form import FieldType, TargetField, TargetForm, Values


@dataclass(frozen=True, slots=True)
class Layout:
    """A shape of an Apprise URL. Its groups are fields; `templates` make further fields of them, and of those
    groups whose names begin with "_".
    """

    pattern: re.Pattern[str]
    templates: dict[str, str]

    def values(self, url: str) -> Values | None:
        match = self.pattern.fullmatch(url)
        if match is None:
            return None
        groups = {name: text or "" for name, text in match.groupdict().items()}
        made = {name: template.format_map(groups) for name, template in self.templates.items()}
        return {name: unquote(text) for name, text in groups.items() if not name.startswith("_")} | made


@dataclass(frozen=True, slots=True)
class Declaration:
    """The form of a service: `join` makes an Apprise URL, or what becomes one, of the values of its fields;
    `layouts` are the URLs that its fields express. Without `whole` they express every one.
    """

    label: str
    help: str
    fields: tuple[TargetField, ...]
    join: Callable[[Values], str]
    layouts: tuple[Layout, ...]
    whole: bool = True

    def form(self, normalise: Callable[[str], str]) -> TargetForm:
        """The form of a kind of channel whose targets `normalise` checks."""
        return TargetForm(
            label=self.label,
            help=self.help,
            fields=self.fields,
            join=self.join,
            split=self._split,
            normalise=normalise,
            whole=self.whole,
        )

    def _split(self, url: str) -> Values | None:
        return next((found for one in self.layouts if (found := one.values(url)) is not None), None)


def layout(pattern: str, **templates: str) -> Layout:
    """URLs that match the pattern."""
    return Layout(re.compile(pattern), templates)


def field(
    name: str,
    label: str,
    pattern: str,
    example: str,
    *,
    type: FieldType = "text",
    help: str = "",
    required: bool = True,
    default: str = "",
) -> TargetField:
    """A field whose value matches the pattern."""
    return TargetField(
        name=name,
        label=label,
        pattern=pattern,
        example=example,
        type=type,
        help=help,
        required=required,
        default=default,
    )


def webhook(label: str, help: str, where: str, pattern: str, example: str, *layouts: Layout) -> Declaration:
    """A service that is reached by an address that it gives out, which is secret."""
    field = TargetField(
        name="url", label="Webhook address", type="url", help=where, pattern=pattern, example=example
    )
    return Declaration(label, help, (field,), lambda values: values["url"], layouts)


def keyed(label: str, help: str, key: TargetField, layout: Layout, layout_eu: Layout) -> Declaration:
    """A service that is reached by a key, in the one or the other of its regions."""
    region = TargetField(
        name="region", label="Region", type="choice", required=False, choices=("us", "eu"), default="us"
    )
    return Declaration(
        label,
        help,
        (key, region),
        lambda values: ("eu:" if values["region"] == "eu" else "") + values["key"],
        (layout, layout_eu),
    )
