"""What `pip install .` installs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
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


def test_the_wheel_has_the_pages_and_the_documents_as_files(tmp_path: Path) -> None:
    tree, wheels = tmp_path / "tree", tmp_path / "wheels"
    without_caches = shutil.ignore_patterns("__pycache__")
    for folder in ("hcserver", "handlers", "smtp", "docs"):
        shutil.copytree(TOP / folder, tree / folder, symlinks=True, ignore=without_caches)
    for file in ("README.md", "config.toml", "LICENSE", "pyproject.toml"):
        shutil.copy(TOP / file, tree / file)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", wheels, tree], check=True, timeout=300)
    [wheel] = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        assert f"hcserver-{__version__}.data/data/share/man/man1/hcserver.1" in packed
        assert archive.read("handlers/pages/documents/api.md") == (TOP / "docs/api.md").read_bytes()
    for folder in ("templates", "static", "documents"):
        files = (TOP / "handlers/pages" / folder).iterdir()
        wanted = {f"handlers/pages/{folder}/{file.name}" for file in files if file.is_file()}
        assert wanted and wanted - packed == set()
