from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from handlers.api.schemas import COMPONENTS, listed, ref


def test_a_name_refers_to_its_schema() -> None:
    assert ref("Check") == {"$ref": "#/components/schemas/Check"}
    with pytest.raises(AssertionError, match="Chek"):
        ref("Chek")


def test_a_list_may_have_pages() -> None:
    plain, paged = listed("checks", "Check"), listed("checks", "Check", paged=True)
    assert plain["required"] == paged["required"] == ["checks"]
    assert set(plain["properties"]) == {"checks"}
    assert set(paged["properties"]) == {"checks", "next"}


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {str(node["$ref"])} if "$ref" in node else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_schema_is_valid_and_refers_to_others_that_exist(name: str) -> None:
    jsonschema_rs.meta.validate(COMPONENTS[name])
    assert references(COMPONENTS[name]) <= {f"#/components/schemas/{one}" for one in COMPONENTS}
