"""Carrying out an import: through the same services, and with the same validation, as requests to the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID, uuid4

import msgspec

from hcserver.config.schema import LimitSettings
from hcserver.domain.clock import Clock
from hcserver.domain.flip import Flip
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.errors import Forbidden, HcError, Unavailable
from hcserver.services.importing.history import Limits, flips_of, pings_of, with_history
from hcserver.services.importing.plan import Existing, Plan, Step, make_plan
from hcserver.services.importing.source import Source
from hcserver.services.management.check_editor import CheckEditor
from hcserver.services.management.check_reader import CheckReader
from hcserver.storage import Storage
from hcserver.storage.client import batches
from hcserver.storage.pings import Claimed
from hcserver.validation.check import Spec, parse_spec

_VERSION: Final = 3  # of the API, whose fields these are

# Called with how many checks are done, and how many there are.
Progress = Callable[[int, int], None]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a step. `check` is our check; None: it was refused, for `fault`."""

    step: Step
    check: UUID | None
    fault: str = ""


class Importer:
    """Imports into one project. Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        storage: Storage,
        checks: CheckReader,
        editor: CheckEditor,
        project: Project,
        limits: LimitSettings,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._checks = checks
        self._editor = editor
        self._project = project
        self._clock = clock
        self._limits = Limits(
            checks.pings_kept(project), limits.ping_body_bytes, limits.email_body_bytes, limits.body_part
        )

    async def plan(self, source: Source, *, new_ids: bool) -> Plan:
        """What is to be done. Raises HcError if the project may not have so many checks."""
        ids = [] if new_ids else [one.id for one in source.checks if one.id is not None]
        there = await self._storage.checks.load(ids)
        existing = Existing(
            checks=await self._checks.of_project(self._project.id),
            channels=await self._storage.channels.of_project(self._project.id),
            elsewhere={id for id, stored in there.items() if stored.check.project != self._project.id},
            deleted=await self._storage.tombstones.among(ids),
        )
        plan = make_plan(source, existing, new_ids=new_ids)
        wanted = len(existing.checks) + len(plan.of("create"))
        if plan.of("create") and wanted > (limit := self._checks.limit(self._project)):
            raise HcError(
                f"with the import the project would have {wanted} checks, and it may have {limit}: "
                f"`hcserver project limit {self._project.name!r} --checks {wanted}` raises the limit"
            )
        return plan

    async def carry_out(self, plan: Plan, progress: Progress) -> list[Result]:
        """Do it, step by step. What is refused, now or by the plan, does not stop the others.

        Raises HcError that says how far it came if the database is away meanwhile: to repeat all of it is
        harmless.
        """
        badges = await self._free_badges(plan.of("create"))
        results: list[Result] = []
        try:
            for step in plan.steps:
                results.append(await self._carry_out(step, badges))
                progress(len(results), len(plan.steps))
            return await self._with_dependencies(results)
        except Unavailable as error:
            raise HcError(
                f"{len(results)} of {len(plan.steps)} checks are done, then: {error}. "
                "The same command goes on where this one has stopped"
            ) from error

    async def _with_dependencies(self, results: Sequence[Result]) -> list[Result]:
        """Once all checks are there, have them depend on each other as those of the source do. What can't is
        refused.
        """
        ours = {one.step.source.id: one.check for one in results if one.check is not None}
        done = []
        for result in results:
            wanted = [ours[id] for id in result.step.source.depends_on if id in ours]
            if wanted and result.check is not None and result.step.action != "unchanged":
                try:
                    spec = parse_spec({"depends_on": list(map(str, wanted))}, _VERSION)
                    await self._editor.update(self._project, result.check, spec)
                except Unavailable:
                    raise
                except HcError as error:
                    result = msgspec.structs.replace(result, check=None, fault=str(error))
            done.append(result)
        return done

    async def _carry_out(self, step: Step, badges: set[UUID]) -> Result:
        try:
            check = step.check
            if step.action == "create" and step.spec is not None:
                badge = step.source.badge if step.source.badge in badges else None
                check = await self._create(step, step.spec, badge)
            elif step.spec is not None and check is not None:
                await self._editor.update(self._project, check, step.spec)
            if step.paused is not None and check is not None:
                await (self._editor.pause if step.paused else self._editor.resume)(self._project, check)
            return Result(step=step, check=check, fault=step.fault)
        except Unavailable:
            raise
        except Forbidden as error:
            return Result(step=step, check=None, fault=str(error) or "it is in another project by now")
        except HcError as error:
            return Result(step=step, check=None, fault=str(error))

    async def _create(self, step: Step, spec: Spec, badge: UUID | None) -> UUID:
        history = step.source.history
        if history is None:
            return (await self._editor.create_as(self._project, spec, step.check, badge)).id
        # Pings and flips come first, so that the check is there with all of them or not at all.
        id = step.check or uuid4()
        pings, flips = pings_of(history, id, self._limits), flips_of(history, id)
        await self._store_history(id, pings, flips)
        now = self._clock()
        made = await self._editor.create_as(
            self._project, spec, id, badge, lambda new: with_history(new, history, pings, flips, now)
        )
        return made.id

    async def _store_history(self, check: UUID, pings: Sequence[Ping], flips: Sequence[Flip]) -> None:
        """What an attempt that was cut short has left is replaced: without its check nobody has seen it."""
        try:
            await self._append(pings)
        except Claimed:
            await self._storage.pings.delete(check, pings[0].n, pings[-1].n)
            await self._append(pings)
        await self._storage.flips.delete(check)
        for some in batches(flips):
            await self._storage.flips.publish(some)

    async def _append(self, pings: Sequence[Ping]) -> None:
        for some in batches(pings):
            await self._storage.pings.append(some)

    async def _free_badges(self, steps: Sequence[Step]) -> set[UUID]:
        """The badges that their checks can keep: copies with new ids get new ones."""
        owners = {one.source.badge: one.check for one in steps if one.source.badge and one.check}
        known = await self._storage.checks.aliased_all(badge.hex for badge in owners)
        return {badge for badge, check in owners.items() if known.get(badge.hex, check) == check}
