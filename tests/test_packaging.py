"""What `pip install .` installs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from hcserver import __version__
from tests.e2e.server import RealServer

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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a source distribution, so that neither lacks anything."""
    folder = tmp_path_factory.mktemp("packages")
    tree, wheels = folder / "tree", folder / "wheels"
    without_caches = shutil.ignore_patterns("__pycache__")
    for name in ("hcserver", "handlers", "smtp", "docs"):
        shutil.copytree(TOP / name, tree / name, symlinks=True, ignore=without_caches)
    for file in ("README.md", "config.toml", "LICENSE", "pyproject.toml"):
        shutil.copy(TOP / file, tree / file)
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, folder], cwd=tree, check=True, capture_output=True, timeout=300
    )
    [source] = folder.glob("*.tar.gz")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", wheels, source], check=True, timeout=300)
    [wheel] = wheels.glob("*.whl")
    return wheel


def test_the_wheel_has_the_pages_and_the_documents_as_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        assert f"hcserver-{__version__}.data/data/share/man/man1/hcserver.1" in packed
        assert archive.read("handlers/pages/documents/api.md") == (TOP / "docs/api.md").read_bytes()
    for folder in ("templates", "static", "documents"):
        files = (TOP / "handlers/pages" / folder).iterdir()
        wanted = {f"handlers/pages/{folder}/{file.name}" for file in files if file.is_file()}
        assert wanted and wanted - packed == set()


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """A virtual environment with nothing but the wheel in it. It finds the dependencies in that of the tests,
    but not hcserver, which is installed there from its sources.
    """
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True, timeout=300)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return environment


def test_what_the_wheel_installs_serves_pages_documents_and_static_files(
    installed: Path, tmp_path: Path
) -> None:
    server = RealServer(tmp_path)
    server.command = [str(installed / "bin/hcserver")]
    code = "import handlers, hcserver, smtp; print(hcserver.__file__, handlers.__file__, smtp.__file__)"
    where = subprocess.run(
        [installed / "bin/python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert where.count(str(installed)) == 3
    assert server.cli("--version").stdout == f"hcserver, version {__version__}\n"
    assert (installed / "share/man/man1/hcserver.1").exists()

    server.start()
    try:
        page = server.request("/docs/operations")
        assert page.status == 200
        assert "SIGHUP" in page.text
        files = set(re.findall(r'"(/static/[^"]+)"', page.text))
        assert files
        assert [file for file in files if server.request(file).status != 200] == []
        ping_key = server.create_project("tests")["ping_key"]
        assert server.request(f"/ping/{ping_key}/job?create=1").text == "Created"
    finally:
        stopped = server.stop()
    assert stopped == 0
