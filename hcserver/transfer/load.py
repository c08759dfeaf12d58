"""Reading a dump into an empty database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hcserver.errors import HcError
from hcserver.storage.raw import META, RawDatabase
from hcserver.storage.schema import create_indexes
from hcserver.transfer.archive import Counts, Progress, batches, file_errors, verify
from hcserver.transfer.log_gaps import LogGaps

_BATCH_DOCUMENTS = 200


async def load(path: Path, database: Any, progress: Progress) -> Counts:
    """Write the documents of the file to the empty `database`; returns their number by collection.

    The whole file is verified first. A load that was interrupted is started again by the next one. Raises
    HcError when the file is damaged or not for this hcserver, or when the database isn't empty, Unavailable.
    """
    target = RawDatabase(database)
    with file_errors(path):
        expected = verify(path, progress)
        await _clear_half_load(target)
        await _require_empty(target)
        # Before there are documents: to index many takes the embedded database minutes. Documents that an
        # index would remove at once are to arrive as well, since they are counted.
        await create_indexes(database, expiring=False)
        await target.clear(META)
        await target.begin_load()
        gaps = LogGaps()
        for name, batch, done in batches(path, _BATCH_DOCUMENTS):
            await target.insert(name, batch)
            gaps.look_at(name, batch)
            progress(name, done, expected[name])
        for check, last in gaps.found().items():
            await target.count_as_pruned(check, last)
        await _compare(target, expected)
        await target.end_load()
    return expected


async def _clear_half_load(target: RawDatabase) -> None:
    if not await target.is_loading():
        return
    for name in await target.collections():
        if name != META:
            await target.clear(name)


async def _require_empty(target: RawDatabase) -> None:
    """The schema version may exist: any command that connected before has written it."""
    for name in await target.collections():
        if name != META and not await target.is_empty(name):
            raise HcError(
                f"the database {target.name!r} is not empty (there is something in {name!r}): a dump is "
                "only loaded into an empty one; name another mongodb.database, or another embedded.path"
            )


async def _compare(target: RawDatabase, expected: Counts) -> None:
    for name, count in expected.items():
        found = await target.count(name) - (name == META)  # the mark of this load is not in the dump
        if found != count:
            raise HcError(
                f"{found} of {count} documents arrived in {name!r}: something else writes to the database"
            )
