from __future__ import annotations

import io
import resource
import subprocess
import sys

import msgspec
import pytest

from hcserver import worker_processes
from hcserver.domain.keywords import Rules
from hcserver.services.classification import worker
from hcserver.services.classification.examination import Question

FAILED = Question(rules=Rules(failure="failed"), subject=False, body=True)


def test_a_worker_answers_until_its_input_ends() -> None:
    request = msgspec.msgpack.encode(worker.Request(raw=b"\nfailed", questions=[FAILED]))
    framed = len(request).to_bytes(4, "big") + request
    answers = io.BytesIO()
    worker_processes.serve(worker.answer, io.BytesIO(framed * 2), answers)
    data = answers.getvalue()
    size = int.from_bytes(data[:4], "big")
    assert data == 2 * data[: 4 + size]
    assert worker.answer_decoder.decode(data[4 : 4 + size]).reasons[0].keyword == "failed"


def test_a_worker_that_runs_out_of_memory_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(worker, "examine", exhausted)
    request = msgspec.msgpack.encode(worker.Request(raw=b"", questions=[FAILED]))
    assert not worker.answer_decoder.decode(worker.answer(request)).complete


def test_the_text_is_part_of_the_answer_only_when_asked_for() -> None:
    for with_text, text in ((False, None), (True, "it failed")):
        request = worker.Request(raw=b"\nit failed", questions=[FAILED], with_text=with_text)
        answer = worker.answer_decoder.decode(worker.answer(msgspec.msgpack.encode(request)))
        assert (answer.text, answer.reasons[0].signal) == (text, "fail")


def test_the_process_limits_its_memory_and_lets_the_event_loop_go_first() -> None:
    code = (
        "import os, resource; from hcserver.services.classification import worker;"
        "worker.serve = lambda *_: print(resource.getrlimit(resource.RLIMIT_AS)[0], os.nice(0));"
        "before = os.nice(0); worker.main(); print(before)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    limit, niceness, before = map(int, out.split())
    assert limit == worker.MEMORY_LIMIT != resource.RLIM_INFINITY
    assert niceness == min(before + worker.NICENESS, 19)
