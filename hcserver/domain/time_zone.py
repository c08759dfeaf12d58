"""Time zones: their names, old and new, and their data, always from the tzdata package."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

# Renamed places whose link in tzdata.zi leads past the new name, to the zone that it shares its data with.
# From the "#=" comments and the section "Non-zone.tab locations" of the IANA database's file `backward`.
_RENAMED: Final = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}
# These are links, too, but not old names of places: EST does not mean America/Panama, where its link leads.
_ABBREVIATIONS: Final = frozenset({"CET", "EET", "EST", "GMT", "HST", "MET", "MST", "UTC", "WET"})


def is_zone(name: str) -> bool:
    """Whether there is a zone of that name, legacy names included."""
    return name in _zone_names()


def canonical_zone(name: str) -> str:
    """Today's name of a time zone: Europe/Kiev is Europe/Kyiv, US/Eastern is America/New_York.

    The name of a place that only shares its data with another place (Europe/Oslo) stays. Raises ValueError
    if there is no such zone.
    """
    if not is_zone(name):
        raise ValueError(f"no such time zone: {name[:100]!r}")
    return _renamed_zones().get(name, name)


@cache
def zone_names() -> tuple[str, ...]:
    """Today's names of all zones, in alphabetical order."""
    return tuple(sorted(_zone_names() - _renamed_zones().keys()))


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that name, legacy names included, from the tzdata package, never from the operating system.

    Raises ValueError if there is no such zone.
    """
    if not is_zone(name):
        raise ValueError(f"no such time zone: {name[:100]!r}")
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def _zone_names() -> frozenset[str]:
    # "Factory" is a placeholder for a time zone that has not been set.
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("ascii").split()) - {"Factory"}


@cache
def _renamed_zones() -> dict[str, str]:
    """Maps old names to today's. A link is a renaming unless zone.tab lists it as a place of its own."""
    folder = resources.files("tzdata").joinpath("zoneinfo")
    places = {
        line.split("\t")[2]
        for line in folder.joinpath("zone.tab").read_text("utf-8").splitlines()
        if not line.startswith("#")
    }
    links = {}
    for line in folder.joinpath("tzdata.zi").read_text("utf-8").splitlines():
        if line.startswith("L "):
            _, target, name = line.split()
            links[name] = target
    kept = places | _ABBREVIATIONS
    return {name: target for name, target in links.items() if name not in kept} | _RENAMED
