"""The systemd units in docs/deploy/: valid, sandboxed, and in agreement with what the server needs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hcserver.net.service_manager import BEAT

UNITS = Path(__file__).parents[1] / "docs/deploy"
UNIT = UNITS / "hcserver.service"
SOCKETS = sorted(UNITS.glob("*.socket"))
MAX_EXPOSURE = 3.0  # of 10, as `systemd-analyze security` rates it


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit with a command that exists on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze")
    unit = tmp_path / "hcserver.service"
    unit.write_text(re.sub(r"(?m)^ExecStart=.*", "ExecStart=/bin/true", UNIT.read_text("utf-8")))
    return unit


@pytest.fixture(params=SOCKETS, ids=lambda path: path.stem)
def installed_socket(request: pytest.FixtureRequest, installed: Path) -> Path:
    """One of the sockets, beside the unit that it belongs to."""
    return Path(shutil.copy(request.param, installed.parent))


def analyze(*arguments: str) -> str:
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_no_fault_in_the_unit(installed: Path) -> None:
    output = analyze("verify", str(installed))
    assert "hcserver.service" not in output


def test_systemd_finds_no_fault_in_a_socket(installed_socket: Path) -> None:
    assert "hcserver" not in analyze("verify", str(installed_socket))


def test_the_sockets_are_for_what_the_server_takes_from_systemd() -> None:
    ports = {}
    for path in SOCKETS:
        values = dict(re.findall(r"(?m)^(\w+)=(.*)$", path.read_text("utf-8")))
        assert values["Service"] == UNIT.name
        assert path.stem == f"hcserver-{values['FileDescriptorName']}"
        ports[values["FileDescriptorName"]] = values["ListenStream"]
    assert ports == {"http": "80", "https": "443", "smtp": "25"}


def test_systemd_waits_until_the_server_is_ready_and_notices_when_it_hangs() -> None:
    unit = UNIT.read_text("utf-8")
    assert "\nType=notify\n" in unit
    watchdog = re.search(r"(?m)^WatchdogSec=(\d+)$", unit)
    assert watchdog is not None
    assert int(watchdog[1]) > 2 * BEAT


def test_the_unit_is_sandboxed(installed: Path) -> None:
    output = analyze("security", "--offline=true", "--no-pager", str(installed))
    found = re.search(r"Overall exposure level for hcserver\.service: ([0-9.]+)", output)
    assert found is not None
    assert float(found[1]) < MAX_EXPOSURE


def test_a_reload_of_the_unit_is_the_signal_that_the_server_takes_for_one() -> None:
    assert "\nExecReload=kill -HUP $MAINPID\n" in UNIT.read_text("utf-8")


def test_the_unit_lets_the_server_do_what_it_needs() -> None:
    unit = UNIT.read_text("utf-8")
    families = re.search(r"^RestrictAddressFamilies=(.*)$", unit, re.MULTILINE)
    assert families is not None
    # TCP, the embedded database's socket and systemd's, and the list of the machine's own addresses.
    assert set(families[1].split()) == {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"}
    # Worker processes lower their priority and limit their memory.
    assert "~@resources" not in unit
    assert "@resources" not in unit
