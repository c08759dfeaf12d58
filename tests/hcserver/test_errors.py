from __future__ import annotations

from hcserver.errors import DeliveryError, InvalidFields, TooManyRequests


def test_a_failed_delivery_says_whether_and_when_to_try_again() -> None:
    error = DeliveryError("busy", transient=True, status=503, retry_after=30.0, max_attempts=3)
    assert str(error) == "busy"
    assert (error.transient, error.status, error.retry_after, error.max_attempts) == (True, 503, 30.0, 3)


def test_without_an_answer_of_the_receiver_the_settings_decide() -> None:
    error = DeliveryError("refused", transient=False)
    assert (error.status, error.retry_after, error.max_attempts) == (None, None, None)


def test_the_faults_of_a_form_are_read_one_on_a_line() -> None:
    error = InvalidFields({"name": "Give a name.", "password": "Too short."})
    assert str(error) == "name: Give a name.\npassword: Too short."
    assert error.faults == {"name": "Give a name.", "password": "Too short."}


def test_too_many_requests_say_when_the_next_one_is_worth_it() -> None:
    error = TooManyRequests("try again in 30 s", 30)
    assert (str(error), error.retry_after) == ("try again in 30 s", 30)
