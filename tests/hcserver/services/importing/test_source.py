from __future__ import annotations

from uuid import UUID

from hcserver.services.importing.source import SourceCheck

ID = UUID("31365bce-8da9-4729-8ff3-aaa71d56b712")


def test_a_check_is_known_by_its_name_else_its_slug_else_its_id() -> None:
    named = {"name": "Backup", "slug": "backup"}
    assert SourceCheck(id=ID, address="", fields=named).label == "Backup"
    assert SourceCheck(id=ID, address="", fields={"name": "", "slug": "backup"}).label == "backup"
    assert SourceCheck(id=ID, address="", fields={}).label == str(ID)
    assert SourceCheck(id=None, address="", fields={}).label == "(without a name)"
