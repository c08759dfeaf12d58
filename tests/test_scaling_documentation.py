"""docs/scaling.md computes correctly, and counts what is really stored."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import bson
import pytest

from hcserver.config.schema import LimitSettings
from hcserver.domain.check import Check
from hcserver.domain.clock import utc_now
from hcserver.domain.ping import Ping
from hcserver.domain.state_machine import record
from hcserver.storage.client import CODEC
from hcserver.storage.pings import _document
from hcserver.storage.records import to_document

TEXT = (Path(__file__).parents[1] / "docs/scaling.md").read_text("utf-8")
COMPUTATIONS = re.findall(r"`([0-9][^`=]*) = ([0-9.,]+)`", " ".join(TEXT.split()))


def _number(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(("terms", "result"), COMPUTATIONS)
def test_what_is_computed_is_right(terms: str, result: str) -> None:
    value = 0.0
    for summand in terms.split(" + "):
        first, *others = re.split(r" ([×÷]) ", summand)
        product = _number(first)
        for sign, factor in zip(others[::2], others[1::2], strict=True):
            product = product * _number(factor) if sign == "×" else product / _number(factor)
        value += product
    assert value == pytest.approx(_number(result), rel=0.006)


def test_there_is_something_to_compute() -> None:
    assert len(COMPUTATIONS) > 8


def test_documents_have_the_sizes_that_are_counted() -> None:
    now = utc_now()
    check = Check(id=uuid4(), project=uuid4(), created=now, badge=uuid4(), name="Backup", slug="backup")
    ping = Ping(
        check=check.id,
        n=1000,
        at=now,
        type="success",
        scheme="https",
        remote_addr="203.0.113.17",
        method="GET",
        ua="curl/8.14.1",
        token=bytes(12),
    )
    sizes = {
        "a ping without a body": len(bson.encode(_document(ping), codec_options=CODEC)),
        "a check": len(bson.encode(to_document(record(check, "success", now).check), codec_options=CODEC)),
        "a ping's body": LimitSettings().ping_body_bytes,
    }
    stated = dict(re.findall(r"^\| (a [^|]*) \| (?:up to )?([0-9,]+) \|", TEXT, re.MULTILINE))
    assert {name: _number(size) for name, size in stated.items()} == pytest.approx(sizes, rel=0.1)
