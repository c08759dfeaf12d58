"""Which emails of devices and mail servers are recorded: the SMTP side and the memory together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping, Report
from hcserver.services.intake.repetitions import RETRY_TIME, Receipt, Repetitions
from smtp.listener import Listener
from tests.smtp.fakes import NOW, Client, FakeIntake, listening

FIXED_DATE = "Date: Thu, 01 Jan 2026 03:04:05 +0000"
WITHOUT_IDENTITY: dict[str, tuple[str, ...]] = {
    "no id and no date": (),
    "no id and a fixed date": (FIXED_DATE,),
    "<> and no date": ("Message-ID: <>",),
    "<> and a fixed date": ("Message-ID: <>", FIXED_DATE),
    "a blank id": ("Message-ID:  ",),
}
WITH_IDENTITY: dict[str, tuple[str, ...]] = {
    "a fixed id and no date": ("Message-ID: <ups@card>",),
    "a fixed id and a fixed date": ("Message-ID: <ups@card>", FIXED_DATE),
    "a fixed id and a new date each": ("Message-ID: <ups@card>", "Date: {number}"),
    "a new id each and no date": ("Message-ID: <{number}@card>",),
    "a new id each and a new date each": ("Message-ID: <{number}@card>", "Date: {number}"),
}
PATTERNS = WITHOUT_IDENTITY | WITH_IDENTITY


class Intake(FakeIntake):
    """An intake that leaves out repetitions, as the real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.repetitions = Repetitions(lambda: self.now)
        self.n_pings: Counter[UUID] = Counter()

    async def record(self, reports: Sequence[Report]) -> Sequence[Ping]:
        for report in reports:
            check = report.check
            if report.token and self.repetitions.is_repetition(check, self.n_pings[check], report.token):
                continue
            self.n_pings[check] += 1
            self.repetitions.stored(check, self.n_pings[check], self.now, report.token)
            self.reports.append(report)
        return []

    def acknowledged(self, receipts: Iterable[Receipt]) -> None:
        self.repetitions.acknowledged(receipts)


def mail(fields: Sequence[str], subject: str, number: int) -> bytes:
    head = "\r\n".join([*fields, f"Subject: {subject}", "From: ups@example.org"])
    return head.format(number=number).encode() + b"\r\n\r\nsee the subject\r\n"


async def send(listener: Listener, port: int, check: Check, raw: bytes, *, heard: bool) -> None:
    async with Client.connect(port) as client:
        assert (await client.mail(raw, check)).startswith("250")
        if heard:
            await client.send("QUIT")
            assert await client.reply() == ""
    while len(listener._connections):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("fields", PATTERNS.values(), ids=PATTERNS.keys())
async def test_every_report_of_a_device_that_hears_our_answers_is_recorded(fields: Sequence[str]) -> None:
    intake = Intake()
    check = intake.add(filter_subject=True, success_kw="OK", failure_kw="FAILED")
    async with listening(intake) as (listener, port):
        for number, subject in enumerate(("OK", "FAILED", "OK", "OK")):
            await send(listener, port, check, mail(fields, subject, number), heard=True)
    assert [report.signal for report in intake.reports] == ["success", "fail", "success", "success"]


@pytest.mark.parametrize("fields", PATTERNS.values(), ids=PATTERNS.keys())
async def test_so_is_every_change_of_state_of_a_device_that_hears_none(fields: Sequence[str]) -> None:
    intake = Intake()
    check = intake.add(filter_subject=True, success_kw="OK", failure_kw="FAILED")
    async with listening(intake) as (listener, port):
        for number, subject in enumerate(("OK", "FAILED", "OK")):
            await send(listener, port, check, mail(fields, subject, number), heard=False)
    assert [report.signal for report in intake.reports] == ["success", "fail", "success"]


@pytest.mark.parametrize("fields", WITH_IDENTITY.values(), ids=WITH_IDENTITY.keys())
async def test_a_retry_of_a_sender_that_has_not_heard_is_recorded_once_for_some_hours(
    fields: Sequence[str],
) -> None:
    intake = Intake()
    check = intake.add()
    raw = mail(fields, "OK", 1)
    async with listening(intake) as (listener, port):
        for _ in range(3):
            await send(listener, port, check, raw, heard=False)
        intake.now += RETRY_TIME - timedelta(seconds=1)
        await send(listener, port, check, b"Received: from a relay\r\n" + raw, heard=True)
        assert len(intake.reports) == 1
        await send(listener, port, check, raw, heard=False)
        assert len(intake.reports) == 2
        intake.now += RETRY_TIME
        await send(listener, port, check, raw, heard=False)
    assert len(intake.reports) == 3


@pytest.mark.parametrize("fields", WITHOUT_IDENTITY.values(), ids=WITHOUT_IDENTITY.keys())
async def test_a_retry_of_a_mail_that_nothing_identifies_is_recorded_twice(fields: Sequence[str]) -> None:
    intake = Intake()
    check = intake.add()
    async with listening(intake) as (listener, port):
        for _ in range(2):
            await send(listener, port, check, mail(fields, "OK", 1), heard=False)
    assert len(intake.reports) == 2


async def test_the_same_file_is_recorded_each_time_that_it_is_sent() -> None:
    intake = Intake()
    check = intake.add()
    raw = mail(("Message-ID: <1@nas>", FIXED_DATE), "OK", 1)
    async with listening(intake) as (listener, port):
        for _ in range(3):
            await send(listener, port, check, raw, heard=True)
        async with Client.connect(port) as client:  # on one connection
            for _ in range(3):
                assert (await client.mail(raw, check)).startswith("250")
    assert len(intake.reports) == 6
