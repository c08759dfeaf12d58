from __future__ import annotations

import inspect

import pytest

from handlers.server.errors import status_of, text_of
from hcserver import errors
from hcserver.errors import ConfigError, HcError

# Commands and the start of the server raise them; no request does.
NOT_FOR_CLIENTS = {HcError, ConfigError}
FOR_CLIENTS = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, HcError) and error not in NOT_FOR_CLIENTS
]


@pytest.mark.parametrize("error", FOR_CLIENTS)
def test_every_error_for_clients_has_a_status_and_keeps_its_text(error: type[HcError]) -> None:
    assert 400 <= status_of(error("why")) <= 503
    assert status_of(error("why")) != 500
    assert text_of(error("why")) == "why"


@pytest.mark.parametrize("error", [ConfigError("/etc/x"), ValueError("secret"), KeyError("secret")])
def test_of_a_fault_of_the_server_clients_read_nothing(error: Exception) -> None:
    assert status_of(error) == 500
    assert text_of(error) == "internal error"
