from __future__ import annotations

from hcserver.errors import DeliveryError


def test_a_failed_delivery_says_whether_and_when_to_try_again() -> None:
    error = DeliveryError("busy", transient=True, status=503, retry_after=30.0, max_attempts=3)
    assert str(error) == "busy"
    assert (error.transient, error.status, error.retry_after, error.max_attempts) == (True, 503, 30.0, 3)


def test_without_an_answer_of_the_receiver_the_settings_decide() -> None:
    error = DeliveryError("refused", transient=False)
    assert (error.status, error.retry_after, error.max_attempts) == (None, None, None)
