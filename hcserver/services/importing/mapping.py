"""A file with the old and the new ping address of each check that was imported."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from hcserver.errors import HcError
from hcserver.services.importing.importer import Result

COLUMNS = ("name", "old", "new")


class MappingFile:
    """A CSV file (RFC 4180) for its owner only, since who knows a ping address can ping. It is opened before
    the import begins, under another name, and gets its name when it is complete.

    Raises HcError when it can't be written.
    """

    def __init__(self, path: Path, base_url: str) -> None:
        self._path = path
        self._base_url = base_url
        self._draft = path.with_name(f"{path.name}.part")

    def __enter__(self) -> MappingFile:
        try:
            self._draft.unlink(missing_ok=True)
            descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise self._fault(error) from error
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", newline="")
        return self

    def write(self, results: Iterable[Result]) -> None:
        """Write all that have a check here, and finish the file."""
        try:
            writer = csv.writer(self._file)
            writer.writerow(COLUMNS)
            for result in results:
                if result.check is not None:
                    source = result.step.source
                    writer.writerow((source.label, source.address, f"{self._base_url}/ping/{result.check}"))
            self._file.close()
            os.replace(self._draft, self._path)
        except OSError as error:
            raise HcError(f"the import is done, but not this file: {self._fault(error)}") from error

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def _fault(self, error: OSError) -> HcError:
        return HcError(f"{self._path}: {error.strerror or error}")
