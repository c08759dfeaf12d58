"""The dependencies: their bounds, the lock file, and what we use of them although it is not documented.

A library may change what it does not document in any release. The tests of the undocumented parts say what
has to be looked at before an upper bound in pyproject.toml is raised.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import tomllib
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tornado import http1connection

TOP = Path(__file__).parents[1]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (TOP / "requirements.lock").read_text("utf-8")
BUILD_LOCK = (TOP / "requirements-build.lock").read_text("utf-8")

REQUIREMENTS = [
    requirement
    for line in (
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    )
    if (requirement := Requirement(line)).name != PROJECT["name"]
]


def locked_entries(lock: str) -> list[str]:
    """The entries of a lock file, without comments, each with all its lines."""
    text = re.sub(r"^ *#.*\n", "", lock, flags=re.MULTILINE)
    return re.split(r"\n(?=\S)", text.strip())


def test_every_requirement_is_locked_at_a_version_within_its_bounds() -> None:
    locked = [Requirement(entry.split(" \\\n")[0]) for entry in locked_entries(LOCK)]
    for requirement in REQUIREMENTS:
        name = canonicalize_name(requirement.name)
        versions = [str(one.specifier)[2:] for one in locked if canonicalize_name(one.name) == name]
        assert versions, f"{name} is missing: run `make lock`"
        for version in versions:
            assert requirement.specifier.contains(version, prereleases=True), f"{name}: run `make lock`"


def test_every_locked_package_has_hashes() -> None:
    for entry in locked_entries(LOCK + BUILD_LOCK):
        assert re.fullmatch(r"[^\s=]+==\S+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", entry), entry


def test_what_builds_is_locked_at_the_same_version_as_what_is_installed() -> None:
    assert set(locked_entries(BUILD_LOCK)) <= set(locked_entries(LOCK))


def test_the_lock_files_name_no_package_index() -> None:
    assert not re.search(r"^ *-|://", (LOCK + BUILD_LOCK).replace("    --hash=", ""), re.MULTILINE)


def test_every_requirement_has_a_lower_bound() -> None:
    for requirement in REQUIREMENTS:
        assert ">=" in str(requirement.specifier), requirement


@pytest.mark.parametrize("name", ["tornado", "aiosmtpd"])
def test_what_is_used_beyond_its_documentation_has_an_upper_bound(name: str) -> None:
    (requirement,) = [one for one in REQUIREMENTS if one.name == name]
    assert "<" in str(requirement.specifier)


def test_aiosmtpd_calls_the_methods_that_a_session_overrides() -> None:
    assert "self._handle_client()" in inspect.getsource(SMTP.connection_made)
    assert "self._timeout_cb" in inspect.getsource(SMTP._reset_timeout)
    assert "self._create_envelope()" in inspect.getsource(SMTP._set_post_data_state)


def test_aiosmtpd_has_the_attributes_that_a_session_uses() -> None:
    async def make() -> SMTP:
        return SMTP(handler=None, hostname="localhost", loop=asyncio.get_running_loop())

    session = asyncio.run(make())
    for name in ("_handler_coroutine", "_original_transport", "_tls_protocol", "_timeout_handle"):
        assert getattr(session, name) is None, name


def test_tornado_answers_a_malformed_request_with_the_line_that_is_replaced() -> None:
    assert 'b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n"' in inspect.getsource(http1connection)
