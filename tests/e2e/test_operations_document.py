"""The commands of docs/operations.md, with stand-ins for the programs that would change this machine."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hcserver.config.loader import load
from hcserver.storage.key_file import KEY_BYTES, KeyFile
from tests.certificates import make_certificate
from tests.e2e.readme import Shell, commands
from tests.e2e.server import RealServer

TOP = Path(__file__).parents[2]
TEXT = (TOP / "docs/operations.md").read_text("utf-8")
INSTALLED = "/opt/hcserver/"


def below(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


class Machine:
    """A machine whose /etc, /usr/local and /root are folders; `done` is what other programs were told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs = folder / "programs"
        for path in (
            *(
                "programs",
                "etc/systemd/system",
                "etc/bash_completion.d",
                "usr/local/share/zsh/site-functions",
            ),
            *("root/.config/fish/completions",),
        ):
            (folder / path).mkdir(parents=True)
        for name in ("useradd", "systemctl", "docker"):
            self._program(name, f'#!/bin/sh\necho "{name} $*" >>"{folder}/done"\n')
        self._program("hcserver", f"#!{sys.executable}\nfrom hcserver.cli import main\nmain()\n")

    def _program(self, name: str, script: str) -> None:
        path = self._programs / name
        path.write_text(script)
        path.chmod(0o755)

    @property
    def done(self) -> list[list[str]]:
        return [line.split() for line in (self.folder / "done").read_text().splitlines()]

    def run(self, command: str, **environment: str) -> None:
        here = command.replace(INSTALLED, f"{TOP}/")
        for path in (" /etc/", ">/etc/", ">/usr/local/"):
            here = here.replace(path, f"{path[0]}{self.folder}{path[1:]}")
        subprocess.run(
            ["sh", "-ec", here],
            env={
                "PATH": f"{self._programs}:/usr/bin:/bin",
                "HOME": str(self.folder / "root"),
                "PYTHONPATH": str(TOP),
                **environment,
            },
            cwd=TOP,
            check=True,
            timeout=60,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_service_and_its_sockets_are_installed_as_printed(machine: Machine) -> None:
    for command in commands(below("As a service")):
        machine.run(command)
    units = {path.name for path in (machine.folder / "etc/systemd/system").iterdir()}
    assert units == {"hcserver.service", "hcserver-smtp.socket", "hcserver-http.socket"}
    load(str(machine.folder / "etc/hcserver.toml"), {})
    unit = dict(re.findall(r"^(\w+)=(.*)$", (TOP / "docs/deploy/hcserver.service").read_text(), re.MULTILINE))
    (useradd,) = [words for words in machine.done if words[0] == "useradd"]
    assert useradd[-1] == unit["User"]
    assert useradd[useradd.index("--home-dir") + 1] == unit["WorkingDirectory"]
    assert unit["ExecStart"].startswith(INSTALLED)
    told = [words[1:] for words in machine.done if words[0] == "systemctl"]
    assert {verb for verb, *_ in told} == {"enable", "stop", "start"}
    named = {name for _, *names in told for name in names} - {"--now"}
    assert {name if "." in name else f"{name}.service" for name in named} == units


def test_shells_get_completions_as_printed(machine: Machine) -> None:
    printed = commands(below("On the command line"))
    assert len(printed) == 3
    for command in printed:
        machine.run(command)
    bash = machine.folder / "etc/bash_completion.d/hcserver"
    subprocess.run(["bash", "-n", bash], check=True, timeout=60)
    zsh = machine.folder / "usr/local/share/zsh/site-functions/_hcserver"
    assert zsh.read_text().startswith("#compdef hcserver\n")
    fish = machine.folder / "root/.config/fish/completions/hcserver.fish"
    assert "complete " in fish.read_text()


def test_containers_get_what_the_image_offers(machine: Machine) -> None:
    build, run, logs, execute, compose = commands(below("In containers"))
    for command in (build, run, logs, execute, compose):
        machine.run(command)
    image = (TOP / "docs/deploy/Dockerfile").read_text()
    exposed = next(line.split()[1:] for line in image.splitlines() if line.startswith("EXPOSE"))
    options = shlex.split(run)
    ports = [options[at + 1] for at, word in enumerate(options) if word == "--publish"]
    assert {port.split(":")[1] for port in ports} == {"8000", "2525"} <= set(exposed)
    volume = options[options.index("--volume") + 1]
    assert f"VOLUME {volume.split(':')[1]}" in image
    (setting,) = [options[at + 1] for at, word in enumerate(options) if word == "--env"]
    load(None, dict([setting.split("=", 1)]))
    name = options[options.index("--name") + 1]
    assert shlex.split(logs, comments=True)[2:] == [name] and shlex.split(execute)[2] == name
    for command in (build, compose):
        words = shlex.split(command)
        assert (TOP / words[words.index("--file") + 1]).exists()
    assert options[-1] == shlex.split(build)[shlex.split(build).index("--tag") + 1]


def test_users_are_made_as_printed(server: RealServer, machine: Machine) -> None:
    create, add, password = commands(below("Users"))
    shell = Shell(server)
    path = f"{server.folder / '.venv/bin'}:/usr/bin:/bin"
    secret = "a long password of Ann"
    printed = shell(f"echo '{secret}' | {create.partition('#')[0]} --password-stdin", PATH=path)
    assert "ann" in printed
    assert "ann" in shell(add, PATH=path)
    assert "ann" in shell(
        f"echo '{secret}, another' | {password.partition('#')[0]} --password-stdin", PATH=path
    )


def test_the_example_for_https_is_a_configuration(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    certificate, key = make_certificate(tmp_path)
    for name, path in (("fullchain.pem", certificate), ("privkey.pem", key)):
        example = example.replace(f"/etc/letsencrypt/live/hc.example.org/{name}", str(path))
    (tmp_path / "config.toml").write_text(example)
    settings = load(str(tmp_path / "config.toml"), {})
    assert (settings.http.tls_port, settings.http.tls_cert) == (8443, str(certificate))


def test_a_key_is_made_as_printed(tmp_path: Path) -> None:
    (command,) = re.findall(r"`(openssl [^`]*)`", TEXT)
    subprocess.run(["sh", "-ec", command], cwd=tmp_path, check=True, timeout=60)
    assert len(KeyFile(tmp_path / "secrets.key").current().secret) == KEY_BYTES
