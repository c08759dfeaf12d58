from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.data_directory import DataDirectory
from tests.hcserver.embedded.running import SERVER, await_gone


@pytest.fixture(scope="session")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database on which nothing runs; copies of it spare the first start."""
    folder = tmp_path_factory.mktemp("embedded") / "data"
    subprocess.run(
        [sys.executable, "-c", SERVER.replace("await asyncio.sleep(600)", "pass"), folder],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    await_gone(DataDirectory(str(folder)))
    return folder


@pytest.fixture
def settings(provisioned: Path, tmp_path: Path) -> EmbeddedSettings:
    shutil.copytree(provisioned, tmp_path / "data", ignore=shutil.ignore_patterns("embedded.log"))
    return EmbeddedSettings(path=str(tmp_path / "data"))
