"""The stores of a database, with a key file in the working directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hcserver.storage import Storage
from hcserver.storage.key_file import KeyFile


def storage_of(database: Any) -> Storage:
    """All stores; those of one test process share the key file."""
    return Storage(database, KeyFile(Path("secrets.key")))
