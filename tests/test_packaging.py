"""What `pip install .` installs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hcserver import __version__

TOP = Path(__file__).parents[1]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))


def test_every_package_is_installed() -> None:
    assert PROJECT["tool"]["setuptools"]["packages"] == {
        "find": {"include": ["hcserver*", "handlers*", "smtp*"]}
    }


def test_no_module_is_outside_of_a_package() -> None:
    for top in ("hcserver", "handlers", "smtp"):
        for module in (TOP / top).rglob("*.py"):
            assert (module.parent / "__init__.py").exists(), module


def test_the_packages_are_marked_as_typed() -> None:
    data = PROJECT["tool"]["setuptools"]["package-data"]
    for top in ("hcserver", "handlers", "smtp"):
        assert (TOP / top / "py.typed").exists()
        assert "py.typed" in data[top]


def test_the_version_is_one_that_packages_may_have() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?(\.dev\d+)?", __version__)
