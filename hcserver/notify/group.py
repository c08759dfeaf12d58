"""Group: other channels under one name."""

from __future__ import annotations

from uuid import UUID

from hcserver.domain.uuids import parse_uuid
from hcserver.notify.target_form import TargetField, TargetForm, one_field
from hcserver.notify.targets import refusal, stripped

_MAX_MEMBERS = 100


class Group:
    """Can't send itself: whoever sends to a group sends to its members instead."""

    name = "group"
    needs = (
        "the ids of other channels, comma-separated, as in "
        '"5e7a5a52-6a0e-4c64-8d4b-5a9c2f5c6d10,0d0f5f0e-63b1-4b0e-9e0b-0c2c8c1b7a44"'
    )

    @property
    def form(self) -> TargetForm:
        field = TargetField(
            name="channels",
            label="Channels",
            type="channels",
            help="The ids of other channels, with commas between them.",
            example="5e7a5a52-6a0e-4c64-8d4b-5a9c2f5c6d10",
        )
        return one_field("Group", "Several channels under one name.", field, self.normalise)

    def normalise(self, target: str) -> str:
        """The ids, each once. The caller has to find out whether such channels exist."""
        return ",".join(map(str, self.members(target)))

    def hosts(self, target: str) -> tuple[str, ...]:
        """None of its own: those of its members have been looked at when these were made."""
        return ()

    def masked(self, target: str) -> str:
        return target

    def members(self, target: str) -> tuple[UUID, ...]:
        """The channels of the group, each once, in the order given. Raises InvalidRequest."""
        identifiers = [item.strip() for item in stripped(target, self.needs).split(",")]
        members = tuple(dict.fromkeys(self._member(item) for item in identifiers))
        if len(members) > _MAX_MEMBERS:
            raise refusal(f"the group has more than {_MAX_MEMBERS} channels", self.needs)
        return members

    def _member(self, identifier: str) -> UUID:
        if (member := parse_uuid(identifier)) is None:
            raise refusal(f"{identifier[:100]!r} is no channel's id", self.needs)
        return member
