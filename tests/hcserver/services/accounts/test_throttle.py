from __future__ import annotations

import pytest

from hcserver.errors import TooManyRequests
from hcserver.services.accounts.throttle import REMEMBERED, Attempts, Throttle, network_of
from tests.hcserver.services.conftest import FakeClock


def test_after_a_burst_one_attempt_is_allowed_at_each_interval(clock: FakeClock) -> None:
    throttle = Throttle(3, 30.0, clock)
    for _ in range(3):
        assert throttle.wait("ann") == 0
        throttle.count("ann")
    assert throttle.wait("ann") == 30
    assert throttle.wait("bob") == 0
    clock.advance(29.5)
    assert throttle.wait("ann") == 1
    clock.advance(0.5)
    assert throttle.wait("ann") == 0
    throttle.count("ann")
    assert throttle.wait("ann") == 30


def test_after_a_long_time_the_whole_burst_is_allowed_again(clock: FakeClock) -> None:
    throttle = Throttle(2, 30.0, clock)
    for _ in range(2):
        throttle.count("ann")
    clock.advance(3600)
    for _ in range(2):
        assert throttle.wait("ann") == 0
        throttle.count("ann")
    assert throttle.wait("ann") == 30


def test_an_attempt_that_is_taken_back_does_not_count(clock: FakeClock) -> None:
    throttle = Throttle(2, 30.0, clock)
    throttle.take_back("ann")
    for _ in range(5):
        throttle.count("ann")
        throttle.take_back("ann")
    throttle.count("ann")
    throttle.count("ann")
    assert throttle.wait("ann") == 30
    throttle.take_back("ann")
    assert throttle.wait("ann") == 0


def test_a_limited_number_of_keys_is_remembered_those_that_tried_last(clock: FakeClock) -> None:
    throttle = Throttle(1, 30.0, clock)
    for number in range(REMEMBERED):
        throttle.count(str(number))
    throttle.count("0")
    throttle.count("one more")
    assert throttle.wait("1") == 0
    assert throttle.wait("0") > 0
    assert throttle.wait("one more") > 0


def test_a_user_is_guarded_against_guesses_from_many_addresses(clock: FakeClock) -> None:
    attempts = Attempts(clock)
    for number in range(10):
        attempts.begin("ann", f"192.0.2.{number}")
    with pytest.raises(TooManyRequests, match=r"^too many attempts, try again in 30 s$") as caught:
        attempts.begin("ann", "192.0.2.100")
    assert caught.value.retry_after == 30
    attempts.begin("bob", "192.0.2.100")


def test_an_address_may_not_guess_the_passwords_of_many_users(clock: FakeClock) -> None:
    attempts = Attempts(clock)
    for number in range(20):
        attempts.begin(f"user {number}", f"2001:db8::{number}")
    with pytest.raises(TooManyRequests):
        attempts.begin("ann", "2001:db8::ffff:1")
    attempts.begin("ann", "2001:db8:0:1::1")


def test_whoever_signs_in_often_is_not_held_up(clock: FakeClock) -> None:
    attempts = Attempts(clock)
    for _ in range(100):
        attempts.begin("ann", "192.0.2.1")
        attempts.succeeded("ann", "192.0.2.1")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("", ""),
        ("x" * 1000, "x" * 64),
    ],
)
def test_of_ipv6_a_network_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
