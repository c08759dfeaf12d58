"""The examples of docs/jobs.md, run against the real server, with stand-ins for the tools that they call."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from handlers.pages.snippets import snippets
from hcserver.domain.check import Check
from tests.e2e.server import RealServer

TEXT = (Path(__file__).parents[2] / "docs/jobs.md").read_text("utf-8")
URL = "https://hc.example.org/ping/PING_KEY/backup"
Reports = list[tuple[str, int | None]]

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")


def blocks(section: str) -> list[str]:
    """The examples below a heading."""
    found = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, section
    return re.findall(r"^```\w+\n(.*?)^```", found[1], re.MULTILINE | re.DOTALL)


class Machine:
    """Runs examples with jobs and tools that do what the test wants; `reports` is what came of it."""

    def __init__(self, folder: Path, server: RealServer, project: Any, slug: str) -> None:
        self.folder = folder
        self._server = server
        self._project = project
        self._slug = slug
        self.tool("hcserver", f'exec {shlex.quote(sys.executable)} -m hcserver "$@"')
        self.create(slug)

    def create(self, slug: str) -> None:
        self._server.api("checks/", self._project["api_key"], {"slug": slug, "unique": ["slug"]})

    def tool(self, name: str, script: str) -> Path:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def here(self, example: str) -> str:
        """The example with the addresses and the paths of this machine."""
        changes = {
            "https://hc.example.org": self._server.url,
            "PING_KEY": self._project["ping_key"],
            "/backup": f"/{self._slug}",
            "/path/to/job": str(self.folder / "job"),
            "/run/vzdump-hook.failed": str(self.folder / "failed"),
        }
        for old, new in changes.items():
            example = example.replace(old, new)
        return example

    def sh(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script, whose syntax bash finds no fault with."""
        script = self.here(script)
        checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, timeout=60)
        assert (checked.returncode, checked.stderr) == (0, "")
        path = {"PATH": f"{self.folder}:{os.environ['PATH']}"}
        return subprocess.run(
            ["sh", "-c", script, "sh", *arguments],
            env={**os.environ, **path, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def reports(self, slug: str = "") -> Reports:
        """The reports since the last call, the oldest first."""
        key = self._project["api_key"]
        (check,) = self._server.api(f"checks/?slug={slug or self._slug}", key)["checks"]
        pings = self._server.api(f"checks/{check['uuid']}/pings/", key)["pings"]
        self._server.request(f"/api/v3/checks/{check['uuid']}", "DELETE", key=key)
        self.create(slug or self._slug)
        return [(ping["type"], ping.get("exit_status")) for ping in pings[::-1]]


@pytest.fixture
def machine(
    tmp_path: Path, server: RealServer, project: Any, request: pytest.FixtureRequest
) -> Iterator[Machine]:
    slug = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[-60:]
    yield Machine(tmp_path, server, project, slug)


def run_of(status: int) -> Reports:
    return [("start", None), ("fail" if status else "success", status)]


def cron_jobs(block: str) -> str:
    """The block as a shell script: cron runs what stands behind the five fields of the time."""
    lines = [re.sub(r"^0 3 \* \* \* ", "", line) for line in block.splitlines()]
    return "\n".join(f"export {line}" if re.match(r"[A-Z_]+=", line) else line for line in lines)


def test_hcserver_run(machine: Machine) -> None:
    (example,) = blocks("hcserver run")
    machine.tool("job", 'echo "$1"; exit 3')
    done = machine.sh(example)
    assert (done.returncode, done.stdout, done.stderr) == (3, "--its-options\n", "")
    assert machine.reports() == run_of(3)


def test_cron(machine: Machine) -> None:
    with_run, with_curl = (cron_jobs(block) for block in blocks("cron"))
    machine.tool("job", "exit 5")
    machine.sh(with_run)
    assert machine.reports() == run_of(5)
    machine.sh(with_curl)
    assert machine.reports() == []
    machine.tool("job", "exit 0")
    machine.sh(with_curl)
    assert machine.reports() == [("success", None)]


def unit_lines(unit: str) -> list[tuple[str, str]]:
    """The settings of a unit, with what continues on a next line joined, and without prefixes of commands."""
    lines = unit.replace("\\\n", " ").splitlines()
    return [(name, value.lstrip("-")) for name, _, value in (line.partition("=") for line in lines) if value]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    with_run, with_curl, reporter, service = blocks("systemd")
    reporter_file = tmp_path / "report-failure@.service"
    units = {"run.service": with_run, "curl.service": with_curl, "report-failure@.service": reporter}
    units["service.service"] = f"{service}\n[Service]\nExecStart=/bin/true\n"
    for name, unit in units.items():
        text = unit.replace("/path/to/job", "/bin/true").replace("/usr/local/bin/hcserver", "/bin/true")
        (tmp_path / name).write_text(text)
    assert reporter_file.exists()
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) not in done.stderr and "report-failure" not in done.stderr


def test_systemd_with_hcserver_run(machine: Machine) -> None:
    settings = dict(unit_lines(machine.here(blocks("systemd")[0])))
    assert settings["KillMode"] == "mixed"
    machine.tool("job", "exit 4")
    name, _, value = settings["Environment"].partition("=")
    assert machine.sh(settings["ExecStart"].replace("/usr/local/bin/", ""), **{name: value}).returncode == 4
    assert machine.reports() == run_of(4)


@pytest.mark.parametrize(
    ("result", "status", "report"),
    [
        ("success", "0", ("success", 0)),
        ("success", "3", ("success", 0)),  # SuccessExitStatus=3
        ("exit-code", "7", ("fail", 7)),
        ("exit-code", "", ("fail", None)),  # of ExecStartPre=
        ("signal", "KILL", ("fail", None)),
        ("timeout", "0", ("fail", None)),
        ("oom-kill", "9", ("fail", None)),
    ],
)
def test_systemd_with_exec_stop_post(
    machine: Machine, result: str, status: str, report: tuple[str, int | None]
) -> None:
    settings = dict(unit_lines(blocks("systemd")[1]))
    machine.sh(settings["ExecStartPre"])
    machine.sh(settings["ExecStopPost"], SERVICE_RESULT=result, EXIT_STATUS=status)
    assert machine.reports() == [("start", None), report]


def test_systemd_with_on_failure(machine: Machine) -> None:
    _, _, reporter, service = blocks("systemd")
    assert dict(unit_lines(service)) == {"OnFailure": "report-failure@%p.service"}
    machine.create("web")
    machine.sh(dict(unit_lines(reporter))["ExecStart"].replace("%i", "web"))
    assert machine.reports("web") == [("fail", None)]


def test_kubernetes(machine: Machine) -> None:
    (example,) = blocks("Kubernetes CronJob")
    job = yaml.safe_load(example)
    assert (job["apiVersion"], job["kind"], job["spec"]["schedule"]) == ("batch/v1", "CronJob", "0 3 * * *")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    shell, option, script = container["command"]
    assert (shell, option) == ("/bin/sh", "-c")
    machine.tool("wget", 'test "$*" = "-q -T 10 -O /dev/null $6" && exec curl -fsS "$6"')
    machine.tool("job", "exit 6")
    assert machine.sh(script).returncode == 6
    assert machine.reports() == [("fail", 6)]


def test_github_actions(machine: Machine) -> None:
    (example,) = blocks("GitHub Actions")
    workflow = yaml.load(example, yaml.BaseLoader)  # `on` is a boolean in YAML 1.1
    assert workflow["on"] == {"schedule": [{"cron": "0 3 * * *"}]}
    job, success, failure = workflow["jobs"]["job"]["steps"]
    assert job == {"run": "/path/to/job"}
    assert failure["if"] == "failure()"
    machine.sh(success["run"])
    machine.sh(failure["run"])
    assert machine.reports() == [("success", None), ("fail", None)]


def test_docker(machine: Machine) -> None:
    (example,) = blocks("Docker")
    machine.tool("docker", 'echo "$@"; exit 9')
    done = machine.sh(example)
    assert (done.returncode, done.stdout) == (9, "run --rm IMAGE\n")
    assert machine.reports() == run_of(9)


def test_powershell() -> None:
    (script,) = blocks("PowerShell")
    assert script.startswith(f'$url = "{URL}"\n')
    calls = re.findall(
        r'^Invoke-RestMethod -Method (\w+) -Uri "([^"]*)" -TimeoutSec 10', script, re.MULTILINE
    )
    assert calls == [("Post", "$url/start"), ("Post", "$url/$signal")]
    assert script.endswith("exit $status\n")


def test_task_scheduler() -> None:
    (script,) = blocks("Task Scheduler")
    assert re.findall(r"^(?:\$\w+ = )?([A-Z]\w+-\w+)", script, re.MULTILINE) == [
        "New-ScheduledTaskAction",
        "New-ScheduledTaskTrigger",
        "Register-ScheduledTask",
    ]
    assert r"-File C:\Scripts\backup.ps1" in script
    assert r"`C:\Scripts\backup.ps1`" in TEXT


@pytest.mark.parametrize(("restic", "status"), [(0, 0), (3, 0), (1, 1)])
def test_restic(machine: Machine, restic: int, status: int) -> None:
    (example,) = blocks("restic")
    machine.tool("restic", f'echo "$1"; [ "$1" = forget ] || exit {restic}')
    done = machine.sh(example)
    assert done.returncode == status
    assert done.stdout == ("backup\n" if status else "backup\nforget\n")
    assert machine.reports() == run_of(status)


def test_borgmatic(machine: Machine) -> None:
    """It pings its address with /start, /log, and /fail or nothing behind it, and adds ?create=1."""
    (example,) = blocks("borgmatic")
    hook = yaml.safe_load(example)["healthchecks"]
    assert hook == {"ping_url": URL, "create_slug": True, "send_logs": True, "ping_body_limit": 10_000}
    for state in ("/start", ""):
        machine.sh(f"curl -fsS --data-binary logs '{hook['ping_url']}{state}?create=1'")
    assert machine.reports() == [("start", None), ("success", None)]


def test_rclone(machine: Machine) -> None:
    (example,) = blocks("rclone")
    machine.tool("rclone", 'echo "$@"; exit 8')
    done = machine.sh(example)
    assert (done.returncode, done.stdout) == (8, "sync --stats-one-line -v /home remote:home\n")
    assert machine.reports() == run_of(8)


@pytest.mark.parametrize(
    ("phases", "reports"),
    [
        (["job-init", "job-start", "backup-start", "backup-end", "log-end", "job-end"], ["start", "success"]),
        (["job-start", "backup-start", "backup-abort", "log-end", "job-end"], ["start", "fail"]),
        (["job-start", "job-abort"], ["start", "fail"]),
        (
            ["job-start", "backup-abort", "job-end", "job-start", "job-end"],
            ["start", "fail", "start", "success"],
        ),
    ],
)
def test_proxmox(machine: Machine, phases: list[str], reports: list[str]) -> None:
    (hook,) = blocks("Proxmox")
    for phase in phases:
        arguments = [phase] if phase.startswith("job-") else [phase, "snapshot", "101"]
        done = machine.sh(hook, *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [type for type, _ in machine.reports()] == reports


def test_the_hook_of_proxmox_succeeds_without_a_server(machine: Machine) -> None:
    (hook,) = blocks("Proxmox")
    machine.tool("curl", "exit 7")
    assert machine.sh(hook, "job-start").returncode == 0


def test_ansible(machine: Machine) -> None:
    playbook, cron_job = blocks("Ansible")
    (play,) = yaml.safe_load(playbook)
    assert play["vars"] == {"ping_url": URL}
    (task,) = play["tasks"]
    signals = [
        one["ansible.builtin.uri"]["url"].removeprefix("{{ ping_url }}")
        for one in [*task["block"], *task["rescue"]]
        if "ansible.builtin.uri" in one
    ]
    assert signals == ["/start", "", "/fail"]
    assert "ansible.builtin.fail" in task["rescue"][-1]
    (play,) = yaml.safe_load(cron_job)
    machine.tool("job", "exit 2")
    machine.sh(play["tasks"][0]["ansible.builtin.cron"]["job"])
    assert machine.reports() == run_of(2)


@pytest.mark.parametrize(
    ("snippet", "section", "which"),
    [
        ("crontab", "cron", 1),
        ("systemd", "systemd", 1),
        ("Kubernetes", "Kubernetes CronJob", 0),
        ("GitHub Actions", "GitHub Actions", 0),
        ("PowerShell", "PowerShell", 0),
    ],
)
def test_the_pages_show_the_same_with_the_address_of_the_check(
    snippet: str, section: str, which: int
) -> None:
    id = UUID(int=1)
    fields: dict[str, Any] = {"kind": "cron", "schedule": "0 3 * * *", "tz": "UTC"}
    check = Check(id=id, project=id, badge=id, created=datetime(2026, 1, 1, tzinfo=UTC), **fields)
    (text,) = [one.text for one in snippets(check, URL) if one.name == snippet]
    assert blocks(section)[which] == f"{text}\n"
