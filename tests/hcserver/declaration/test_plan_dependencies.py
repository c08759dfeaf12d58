from __future__ import annotations

from typing import Any

import pytest

from hcserver.errors import InvalidRequest
from tests.hcserver.declaration.samples import check, lab, planned, present


def faults(*checks: dict[str, Any], prune: bool = False) -> str:
    router = check("router")
    there = present([], [router, check("nas", depends_on=(router.id,)), check("twin"), check("twin")])
    with pytest.raises(InvalidRequest) as caught:
        planned(lab(checks=list(checks)), there, prune=prune)
    return str(caught.value)


def test_a_dependency_is_the_slug_of_one_check_of_the_project_by_then() -> None:
    job = {"slug": "job", "depends_on": ["nas"]}
    assert "depends_on: names 'nas', which is no check of the project (job)" in faults(job, prune=True)
    assert "names 'twin', which several checks" in faults({"slug": "job", "depends_on": ["twin"]})
    assert "names 'x', which is no check" in faults({"slug": "job", "depends_on": ["x"]})


def test_cycles_are_found_also_by_checks_that_the_file_does_not_name() -> None:
    assert "makes a cycle" in faults({"slug": "router", "depends_on": ["nas"]})
    assert "makes a cycle" in faults({"slug": "a", "depends_on": ["a"]})
    assert faults({"slug": "a", "depends_on": ["b"]}, {"slug": "b", "depends_on": ["a"]}).count("cycle") == 2
