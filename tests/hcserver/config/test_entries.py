from __future__ import annotations

import dataclasses

from hcserver.config.entries import ENTRIES, SECTIONS
from hcserver.config.schema import Settings


def test_every_attribute_of_every_section_is_an_entry() -> None:
    settings = Settings()
    attributes = {
        (section, attribute.name)
        for section in SECTIONS
        for attribute in dataclasses.fields(getattr(settings, section))
    }
    assert {(entry.section, entry.attribute) for entry in ENTRIES} == attributes
    assert {*SECTIONS, "shell", "sources"} == {section.name for section in dataclasses.fields(settings)}


def test_an_entry_has_the_name_of_the_file_and_of_the_environment() -> None:
    (domain,) = (entry for entry in ENTRIES if entry.attribute == "domains")
    assert (domain.name, domain.variable) == ("smtp.domain", "HCSERVER_SMTP_DOMAIN")


def test_names_are_unique() -> None:
    assert (
        len({entry.name for entry in ENTRIES}) == len({entry.variable for entry in ENTRIES}) == len(ENTRIES)
    )
