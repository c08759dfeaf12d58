"""What MkDocs does differently for the documents of this repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

TOP = Path(__file__).parents[2]
# `make docs` makes the reference of the API anew each time.
MADE = {"docs/reference.md": TOP / "build/docs/reference.md"}
# What the documents link to outside docs/.
OUTSIDE = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "config.toml",
    "bench/README.md",
)


def on_config(config: Any) -> Any:
    """Headings get the ids that GitHub gives them."""
    config.mdx_configs["toc"]["slugify"] = _anchor
    return config


def on_files(files: Files, config: Any) -> Files:
    """Documents keep the places that they have in the repository, so that links are right in both."""
    for file in [one for one in files if one.src_dir == config.docs_dir and one.inclusion.is_included()]:
        files.remove(file)
        _add(files, config, f"docs/{file.src_uri}", Path(file.abs_src_path))
    for name in OUTSIDE:
        _add(files, config, name, TOP / name)
    for name, path in MADE.items():
        _add(files, config, name, path)
    return files


def _add(files: Files, config: Any, place: str, path: Path) -> None:
    files.append(File.generated(config, place, abs_src_path=str(path)))


def _anchor(heading: str, separator: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", separator)
