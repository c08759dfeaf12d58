"""Forms of the pages that change a check: their fields become those of a request to the API, to which the
same rules apply. Faults are collected, so that each can stand beside its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hcserver.domain.check import CheckKind
from hcserver.domain.schedule import schedule_kind
from hcserver.errors import InvalidRequest
from hcserver.validation.check import MAX_EXIT_STATUS, parse_spec, require_possible_runtimes
from hcserver.validation.json_fields import without_prefix

UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}  # in seconds

_API_VERSION: Final = 3
_MAX_DIGITS: Final = 9
_NO_NUMBER: Final = "is not a whole number"

RULE_BOXES: Final = (
    "filter_subject",
    "filter_body",
    "filter_http_body",
    "filter_default_fail",
    "kw_ignore_case",
    "kw_whole_word",
)
RULE_TEXTS: Final = ("failure_kw", "success_kw", "start_kw")
EXIT_STATUSES: Final = ("success_exit_statuses", "ignored_exit_statuses")
RUNTIMES: Final = ("max_runtime", "min_runtime")


class FormFaults(Exception):
    """What is wrong with a form, by the name of the field; each text goes on from the field's label."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(faults)
        self.faults = dict(faults)


def read_schedule(form: Mapping[str, str]) -> dict[str, Any]:
    """Either a timeout or a schedule with its zone, a grace time and perhaps runtimes, as a request has them,
    from the fields `kind`, `every`, `cron`, `oncalendar`, `tz`, `early`, `grace`, `max_runtime` and
    `min_runtime` of a form; those that are times have a unit beside them, such as `grace_unit`. An empty
    `early`, `max_runtime` or `min_runtime` is none.

    Only the fields of the chosen kind are looked at. Raises FormFaults.
    """
    faults: dict[str, str] = {}
    fields: dict[str, Any] = {}
    named: dict[str, str] = {}  # where a field of the request stands in the form
    kind = _kind(form.get("kind", ""))
    if kind == "simple":
        named["timeout"] = "every"
        _read_seconds(form, "every", "timeout", fields, faults)
    else:
        named["schedule"] = kind
        fields["schedule"] = form.get(kind, "")
        fields["tz"] = form.get("tz", "") or "UTC"
    _read_seconds(form, "grace", "grace", fields, faults)
    for name in RUNTIMES if kind == "simple" else (*RUNTIMES, "early"):
        if form.get(name):
            _read_seconds(form, name, name, fields, faults)
        elif name in form:
            fields[name] = 0
    for name, value in fields.items():
        if (fault := _fault(name, value)) is not None:
            faults[named.get(name, name)] = fault
    if kind not in faults and kind != "simple" and schedule_kind(fields["schedule"]) != kind:
        faults[kind] = "is a cron expression" if kind == "oncalendar" else "does not have five fields"
    if not faults:
        _check_runtimes(fields, faults)
    if faults:
        raise FormFaults(faults)
    return fields


def schedule_form(
    kind: CheckKind,
    timeout: int,
    schedule: str,
    tz: str,
    grace: int,
    max_runtime: int = 0,
    early: int = 0,
    min_runtime: int = 0,
) -> dict[str, str]:
    """The fields of the form that say this; those of other kinds are empty. A runtime of 0 and an `early` of
    0 have no field.
    """
    every, every_unit = _in_units(timeout)
    number, unit = _in_units(grace)
    form = {
        "kind": kind,
        "every": every,
        "every_unit": every_unit,
        "cron": schedule if kind == "cron" else "",
        "oncalendar": schedule if kind == "oncalendar" else "",
        "tz": tz,
        "grace": number,
        "grace_unit": unit,
    }
    for name, seconds in (("max_runtime", max_runtime), ("early", early), ("min_runtime", min_runtime)):
        if seconds:
            form[name], form[f"{name}_unit"] = _in_units(seconds)
    return form


def read_rules(form: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form that say what reports count as, as a request has them. Raises FormFaults.

    In the form the exit statuses are numbers with commas or blanks between them; a list that has no field
    stays.
    """
    fields: dict[str, Any] = {name: bool(form.get(name)) for name in RULE_BOXES}
    fields |= {name: form.get(name, "") for name in RULE_TEXTS}
    faults = {name: fault for name in RULE_TEXTS if (fault := _fault(name, fields[name])) is not None}
    for name in EXIT_STATUSES:
        if name in form:
            fields[name] = [_whole_number(word) for word in re.split(r"[\s,]+", form[name]) if word]
            if _fault(name, fields[name]) is not None:
                faults[name] = f"has something else than whole numbers from 1 to {MAX_EXIT_STATUS}"
    success, ignored = (fields.get(name, ()) for name in EXIT_STATUSES)
    if both := [status for status in ignored if status in success]:
        faults.setdefault(EXIT_STATUSES[1], f"has {both[0]}, which is a success")
    if faults:
        raise FormFaults(faults)
    return fields


def _kind(value: str) -> CheckKind:
    return "cron" if value == "cron" else "oncalendar" if value == "oncalendar" else "simple"


def _read_seconds(
    form: Mapping[str, str], name: str, field: str, fields: dict[str, Any], faults: dict[str, str]
) -> None:
    number, unit = _whole_number(form.get(name, "")), UNITS.get(form.get(f"{name}_unit", ""), 60)
    if number is None:
        faults[name] = _NO_NUMBER
    else:
        fields[field] = number * unit


def _check_runtimes(fields: Mapping[str, Any], faults: dict[str, str]) -> None:
    try:
        require_possible_runtimes(*(fields.get(name, 0) for name in ("min_runtime", "max_runtime", "grace")))
    except InvalidRequest:
        faults["min_runtime"] = "is not shorter than a run may take"


def _whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


def _fault(name: str, value: object) -> str | None:
    """What is wrong with one field of a request, without the field's name."""
    try:
        parse_spec({name: value}, _API_VERSION)
    except InvalidRequest as error:
        return without_prefix(error).removeprefix(f"{name} ")
    return None


def _in_units(seconds: int) -> tuple[str, str]:
    """The number and the largest unit in which it is whole."""
    unit = max((unit for unit in UNITS if seconds % UNITS[unit] == 0), key=UNITS.__getitem__)
    return str(seconds // UNITS[unit]), unit
