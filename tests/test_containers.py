"""The files in docs/deploy/ for containers, as far as they can be checked without building an image."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hcserver.config.loader import load
from hcserver.config.types import networks
from tests.test_dependencies import LOCK, locked_entries

TOP = Path(__file__).parents[1]
FOLDER = TOP / "docs/deploy"
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
CADDYFILE = (FOLDER / "Caddyfile").read_text("utf-8")
SERVICES: dict[str, Any] = COMPOSE["services"]
SERVERS = {name: service for name, service in SERVICES.items() if service["image"] == "hcserver"}
DOMAIN = "hc.example.org"


def instructions(name: str) -> list[str]:
    """The arguments of each instruction of this name in the Dockerfile, continued lines joined."""
    text = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


def settings_of(service: dict[str, Any]) -> dict[str, str]:
    """The environment that compose gives to it."""
    return {
        name: re.sub(r"\$\{HC_DOMAIN[^}]*\}", DOMAIN, str(value))
        for name, value in service["environment"].items()
    }


def ignored(path: Path) -> bool:
    """Whether the .dockerignore file leaves it out of what is built from."""
    lines = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*" and rules[-1] == "**/__pycache__"
    return f"!{path.parts[0]}" not in rules


def copied() -> Iterator[Path]:
    for line in instructions("COPY"):
        if not line.startswith("--from="):
            yield from (Path(source) for source in shlex.split(line)[:-1])


def test_everything_that_the_image_copies_exists_and_is_not_ignored() -> None:
    sources = list(copied())
    assert {Path("hcserver"), Path("handlers"), Path("smtp"), Path("docs")} <= set(sources)
    for source in sources:
        assert (TOP / source).exists(), source
        assert not ignored(source), source


def test_what_the_pages_link_to_is_copied_before_the_packages_are_built() -> None:
    sources = set(copied())
    for document in (TOP / "handlers/pages/documents").iterdir():
        target = document.resolve().relative_to(TOP)
        assert {target, *target.parents} & sources, document


def test_the_image_is_small_pinned_and_not_run_as_root() -> None:
    (base,) = {line.split()[0] for line in instructions("FROM")}
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base)
    assert instructions("USER") == ["10001:10001"]
    assert instructions("VOLUME") == ["/data"]
    assert json.loads(instructions("ENTRYPOINT")[0]) + json.loads(instructions("CMD")[0]) == [
        "hcserver",
        "serve",
    ]


def test_whatever_the_image_installs_has_a_hash_and_is_what_is_tested() -> None:
    installed = [line for line in instructions("RUN") if line.startswith("pip install")]
    assert [("--require-hashes" in line, "--no-deps" in line) for line in installed] == [
        (True, True),
        (True, True),
        (False, True),  # hcserver itself
    ]
    lock = (FOLDER / "requirements.lock").read_text("utf-8")
    assert set(locked_entries(lock)) <= set(locked_entries(LOCK))
    assert "\npytest==" not in lock


def test_the_settings_of_image_and_compose_are_those_of_the_server() -> None:
    image = dict(word.split("=", 1) for line in instructions("ENV") for word in shlex.split(line))
    own = {name: value for name, value in image.items() if name.startswith("HCSERVER_")}
    assert load(None, own).embedded.path == "/data"
    assert len(SERVERS) == 2
    for service in SERVERS.values():
        settings = load(None, own | settings_of(service))
        assert settings.http.public_url == f"https://{DOMAIN}"
        assert settings.smtp.domains == (DOMAIN,)
        assert settings.key_file == "/data/secrets.key"
        subnet = COMPOSE["networks"]["web"]["ipam"]["config"][0]["subnet"]
        assert networks().read([subnet])[0] in settings.http.trusted_proxies
    assert [str(port) for port in (settings.http.port, settings.http.tls_port, settings.smtp.port)] == (
        instructions("EXPOSE")[0].split()
    )


def test_both_servers_have_the_same_database_and_the_same_keys() -> None:
    first, second = SERVERS.values()
    assert first["environment"] == second["environment"]
    assert first["volumes"] == second["volumes"] == ["keys:/data"]


def test_the_replica_set_is_the_one_that_the_servers_look_for() -> None:
    members = {name for name in SERVICES if name.startswith("mongo")}
    uri = settings_of(next(iter(SERVERS.values())))["HCSERVER_MONGODB_URI"]
    found = re.fullmatch(r"mongodb://([\w,]+)/\?replicaSet=(\w+)", uri)
    assert found is not None
    assert set(found[1].split(",")) == members
    for member in members:
        command = SERVICES[member]["command"]
        assert command[command.index("--replSet") + 1] == found[2]
    assert f'_id: "{found[2]}"' in SERVICES["replica-set"]["command"][0]
    assert set(SERVICES["replica-set"]["depends_on"]) == members


def test_nobody_but_the_servers_reaches_the_database() -> None:
    assert COMPOSE["networks"]["database"]["internal"] is True
    outside = {name for name, service in SERVICES.items() if "database" not in service["networks"]}
    assert outside == {"caddy"}
    assert [name for name in SERVICES if name.startswith("mongo") and "ports" in SERVICES[name]] == []


def test_the_parts_wait_for_each_other_so_that_one_server_alone_makes_the_first_project() -> None:
    awaited = {name: dict(SERVICES[name]["depends_on"]) for name in SERVERS}
    assert awaited == {
        "hcserver1": {"replica-set": {"condition": "service_completed_successfully"}},
        "hcserver2": {"hcserver1": {"condition": "service_healthy"}},
    }


def test_all_volumes_and_networks_that_are_used_are_there() -> None:
    volumes = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert volumes == {*COMPOSE["volumes"], "./Caddyfile"}
    used = {network for service in SERVICES.values() for network in service["networks"]}
    assert used == set(COMPOSE["networks"])


def test_every_image_is_pinned_to_a_version() -> None:
    images = {service["image"] for service in SERVICES.values()} - {"hcserver"}
    assert [image for image in images if not re.fullmatch(r"\w+:\d+(\.\d+)*", image)] == []


def test_caddy_sends_requests_to_both_servers() -> None:
    (upstreams,) = re.findall(r"reverse_proxy (.*) \{", CADDYFILE)
    assert upstreams.split() == [f"{name}:8000" for name in SERVERS]
    assert CADDYFILE.count("{$HC_DOMAIN}") == 2
    assert set(SERVICES["caddy"]["environment"]) == {"HC_DOMAIN"}
    assert CADDYFILE.count("{") == CADDYFILE.count("}")
