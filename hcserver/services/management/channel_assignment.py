"""Which channels of its project a check is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from hcserver.errors import InvalidRequest
from hcserver.storage.channels import ChannelStore


class ChannelAssignment:
    """Every method raises Unavailable when the database is away."""

    def __init__(self, channels: ChannelStore) -> None:
        self._channels = channels

    async def resolve(self, project: UUID, wanted: str | None) -> tuple[UUID, ...] | None:
        """The ids that `wanted` names: "*" all, "" none, else ids and exact names; None for None.

        Raises InvalidRequest that says which one is wrong.
        """
        if not wanted:
            return None if wanted is None else ()
        channels = await self._channels.of_project(project)
        if wanted == "*":
            return tuple(channel.id for channel in channels)
        named: dict[str, list[UUID]] = {}
        for channel in channels:
            for identifier in {str(channel.id), channel.name}:
                named.setdefault(identifier, []).append(channel.id)
        # Each is looked up once: a request may name the same one a hundred thousand times.
        identifiers = dict.fromkeys(wanted.split(","))
        return tuple(dict.fromkeys(_only(identifier, named) for identifier in identifiers))

    async def for_new_check(self, project: UUID) -> tuple[UUID, ...]:
        """The channels of a new check that names none."""
        channels = await self._channels.of_project(project)
        return tuple(channel.id for channel in channels if channel.auto_assign)


def _only(identifier: str, named: Mapping[str, Sequence[UUID]]) -> UUID:
    if not identifier:
        raise InvalidRequest("empty channel identifier")
    found = named.get(identifier, ())
    if not found:
        raise InvalidRequest(f"invalid channel identifier: {identifier}")
    if len(found) > 1:
        raise InvalidRequest(f"non-unique channel identifier: {identifier}")
    return found[0]
