"""kill -9 while pruning keeps failures: the last one is not lost, and the doctor finds nothing wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.server import RealServer

ROUNDS = 2
SUCCESSES = 130  # after each failure: more than enough for a pruning to begin


def test_the_last_failure_outlasts_a_server_that_is_killed_while_it_prunes(
    make_server: Callable[..., RealServer],
) -> None:
    limits = {"HCSERVER_LIMITS_PINGS_PER_CHECK": "5", "HCSERVER_LIMITS_FAILURES_PER_CHECK": "1"}
    server = make_server(**limits)
    server.start()
    keys = server.create_project("tests")
    check = server.api("checks/", keys["api_key"], {"name": "job"})
    for round in range(ROUNDS):
        assert server.request(f"/ping/{check['uuid']}/fail", body=b"round %d" % round).text == "OK"
        failure = round * (SUCCESSES + 1) + 1
        with ThreadPoolExecutor(8) as threads:
            answers = threads.map(server.request, [f"/ping/{check['uuid']}"] * SUCCESSES)
            assert {answer.text for answer in answers} == {"OK"}
        server.kill()
        server.start()
        last = failure + SUCCESSES
        pings = server.api(f"checks/{check['uuid']}/pings/", keys["api_key"])["pings"]
        assert [ping["n"] for ping in pings] == [*range(last, last - 5, -1), failure]
        path = f"/api/v3/checks/{check['uuid']}/pings/{failure}/body"
        assert server.request(path, key=keys["api_key"]).text == f"round {round}"
    server.kill()
    done = server.cli("doctor", "--json", check=False, timeout=120)
    assert [one["text"] for one in json.loads(done.stdout) if one["level"] == "error"] == []
