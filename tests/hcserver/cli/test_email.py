from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP

from hcserver.app import build_services
from hcserver.cli.email import _explained
from hcserver.cli.output import harmless
from hcserver.config.schema import SmtpSettings
from hcserver.domain.keywords import Reason
from hcserver.services.container import Services
from hcserver.storage.client import connect, database_of
from hcserver.validation.check import parse_spec
from smtp.listener import Listener
from tests.hcserver.cli.conftest import Cli
from tests.ports import unused_port

MAIL = b"Subject: Backup of tank\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nstate: BAD \x1b[31m\r\n"
FILTERS: dict[str, Any] = {
    "filter_subject": True,
    "filter_body": True,
    "failure_kw": "BAD",
    "success_kw": "Backup",
}


@pytest.fixture
def lab(cli: Cli) -> Cli:
    cli.json("project", "create", "Lab")
    return cli


def add(cli: Cli, project: str = "Lab", **fields: Any) -> str:
    """Create a check; its uuid."""

    async def work(services: Services) -> str:
        check, _ = await services.check_editor.create(
            await services.projects.find(project), parse_spec(fields, 3)
        )
        return str(check.id)

    return cli.services(work)


@contextmanager
def in_another_thread(serve: Any, *arguments: Any) -> Iterator[None]:
    """Run `async with serve(…)` as another process would."""
    ready, stop, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def run() -> None:
        await serve(*arguments, ready, stop)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(20)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def proxied_server(cli: Cli, port: int, ready: threading.Event, stop: asyncio.Event) -> None:
    await server(cli, port, ready, stop, proxy_protocol=True)


async def server_with_login(cli: Cli, port: int, ready: threading.Event, stop: asyncio.Event) -> None:
    login = {"auth": "required", "auth_username": "nas", "auth_password": "secret"}
    await server(cli, port, ready, stop, **login)


async def server(cli: Cli, port: int, ready: threading.Event, stop: asyncio.Event, **settings: Any) -> None:
    """What the server does for emails."""
    client = connect(cli.settings.mongodb.uri, cli.settings.mongodb)
    services = build_services(database_of(client, cli.settings.mongodb.database), cli.settings)
    await services.start()
    domains = ("hc.example.org",)
    smtp = SmtpSettings(host="127.0.0.1", port=port, domains=domains, **settings)
    listener = Listener(smtp, services.intake)
    await listener.start()
    ready.set()
    await stop.wait()
    await listener.stop(1)
    await services.stop()
    client.close()


class Anything:
    """Accepts every email and forgets it."""

    async def handle_DATA(self, *_: object) -> str:
        return "250 OK"


async def black_hole(port: int, ready: threading.Event, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(Anything()), "127.0.0.1", port)
    ready.set()
    await stop.wait()
    listening.close()


@pytest.fixture
def port() -> str:
    return str(unused_port())


def at(port: str) -> dict[str, str]:
    return {
        "HCSERVER_SMTP_HOST": "127.0.0.1",
        "HCSERVER_SMTP_PORT": port,
        "HCSERVER_SMTP_DOMAIN": "hc.example.org",
    }


def test_an_email_is_judged_and_nothing_recorded(lab: Cli) -> None:
    add(lab, slug="nightly", **FILTERS)
    assert lab.json("classify", "nightly", input=MAIL) == {
        "reason": {"signal": "fail", "keyword": "BAD", "where": "body"},
        "subject": "Backup of tank",
        "text": "state: BAD \x1b[31m\n",
        "complete": True,
        "excerpt": {"before": "state: ", "keyword": "BAD", "after": " \x1b[31m\n"},
    }
    assert lab.json("project", "show", "Lab")["checks"] == 1

    async def pings(services: Services) -> int:
        (stored,) = await services.storage.checks.of_project((await services.projects.find("Lab")).id)
        return stored.check.n_pings + len(await services.storage.pings.tail(stored.check.id, 0))

    assert lab.services(pings) == 0


def test_people_get_a_sentence_and_what_was_searched_with_nothing_that_a_terminal_obeys(lab: Cli) -> None:
    add(lab, slug="nightly", **FILTERS)
    assert lab.text("classify", "nightly", input=MAIL) == (
        "It counts as fail: 'BAD' is in its body.\n"
        "\nsubject: Backup of tank\n"
        "\nbody: state: BAD \\x1b[31m\n\n"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "It counts as success: the check filters neither subjects nor bodies."),
        ({"filter_subject": True}, "It counts as ign: none of the check's keywords is in it."),
        ({"filter_subject": True, "start_kw": "tank"}, "It counts as start: 'tank' is in its subject."),
    ],
    ids=["unfiltered", "default", "keyword"],
)
def test_the_reason_is_told_in_words(lab: Cli, fields: dict[str, Any], sentence: str) -> None:
    add(lab, slug="nightly", **fields)
    lines = lab.text("classify", "nightly", input=MAIL).splitlines()
    assert lines[0] == sentence
    assert lines[-1] == "body: not searched"


def test_an_empty_email_is_judged_too(lab: Cli) -> None:
    add(lab, slug="nightly", filter_body=True, filter_default_fail=True)
    assert lab.json("classify", "nightly", input=b"")["reason"]["signal"] == "fail"


def test_a_closed_standard_input_is_an_empty_email(lab: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    add(lab, slug="nightly")
    from hcserver.cli import email

    class Closed:
        stdin = None

    monkeypatch.setattr(email, "sys", Closed)
    assert lab.json("classify", "nightly")["reason"]["signal"] == "success"


def test_a_check_is_found_by_uuid_slug_and_name(lab: Cli) -> None:
    uuid = add(lab, slug="nightly", name="Nightly backup")
    for name in (uuid, uuid.upper(), "nightly", "Nightly backup"):
        assert lab.json("classify", name, input=MAIL)["reason"]["signal"] == "success"


def test_a_slug_that_looks_like_a_uuid_is_found(lab: Cli) -> None:
    add(lab, slug="0" * 32)
    assert lab.json("classify", "0" * 32, input=MAIL)["reason"]["signal"] == "success"


@pytest.mark.parametrize("command", [["classify"], ["email", "test"]], ids=" ".join)
@pytest.mark.parametrize("name", ["nope", "0" * 32, "", "a\udcff\x1b[31m"], ids=ascii)
def test_an_unknown_check_is_an_error(lab: Cli, command: list[str], name: str) -> None:
    add(lab, slug="nightly", name="Nightly")
    message = lab.error(*command, name, input=b"")
    assert message == f"there is no check {name!r}"


@pytest.mark.parametrize("command", [["classify"], ["email", "test"]], ids=" ".join)
def test_of_several_checks_the_uuid_is_asked_for(lab: Cli, command: list[str]) -> None:
    lab.json("project", "create", "Other")
    add(lab, slug="nightly")
    add(lab, "Other", slug="nightly")
    assert lab.error(*command, "nightly", input=b"") == "several checks are named 'nightly': give the uuid"


def test_a_test_email_gets_through_where_a_proxy_is_expected_and_on_another_port(lab: Cli, port: str) -> None:
    add(lab, slug="nightly")
    environment = {**at("1"), "HCSERVER_SMTP_PROXY_PROTOCOL": "true"}
    with in_another_thread(proxied_server, lab, int(port)):
        outcome = lab("email", "test", "nightly", "--port", port, **environment)
    assert (outcome.exit_code, "It works." in outcome.stdout) == (0, True)


def test_a_test_email_logs_in_where_the_server_requires_it(lab: Cli, port: str) -> None:
    add(lab, slug="nightly")
    login = {"AUTH": "required", "AUTH_USERNAME": "nas", "AUTH_PASSWORD": "secret"}
    environment = {f"HCSERVER_SMTP_{name}": value for name, value in login.items()}
    with in_another_thread(server_with_login, lab, int(port)):
        outcome = lab("email", "test", "nightly", **at(port), **environment)
    assert (outcome.exit_code, "It works." in outcome.stdout) == (0, True)


def test_a_test_email_to_a_check_that_stays_paused_says_so(lab: Cli, port: str) -> None:
    uuid = add(lab, slug="nightly", manual_resume=True)

    async def pause(services: Services) -> None:
        project = await services.projects.find("Lab")
        services.state_writer.start()
        await services.check_editor.pause(project, UUID(uuid))
        await services.state_writer.stop()

    lab.services(pause)
    with in_another_thread(server, lab, int(port)):
        outcome = lab("email", "test", "nightly", **at(port))
    assert "It changes nothing: the check is paused until somebody resumes it." in outcome.stdout


def test_a_test_email_is_sent_and_shown_as_the_ping_that_it_became(lab: Cli, port: str) -> None:
    uuid = add(lab, slug="nightly", filter_subject=True, failure_kw="disk,äöü")
    with in_another_thread(server, lab, int(port)):
        first = lab("email", "test", "nightly", "--subject", "no disk\nleft", **at(port))
        assert (first.exit_code, first.stderr) == (
            0,
            f"Sent an email to {uuid}@hc.example.org by 127.0.0.1 port {port}; it was accepted.\n",
        )
        assert [" ".join(line.split()) for line in first.stdout.splitlines()] == [
            "ping type subject from",
            "1 fail no disk left self-test@hcserver.invalid",
            "It works. It counts as fail: 'disk' is in its subject.",
        ]
        second = lab("email", "test", uuid, "--json", "--subject", "äöü", **at(port))
        assert json.loads(second.stdout) == {
            "n": 2,
            "type": "fail",
            "reason": {"signal": "fail", "keyword": "äöü", "where": "subject"},
        }
        # What a shell hands on when it is no UTF-8.
        odd = lab("email", "test", uuid, "--subject", "\udcff\x01", "--body", "\udcff\x01", **at(port))
        assert odd.exit_code == 0
        assert "\ufffd\\x01" in odd.stdout


def test_an_email_that_reaches_another_server_than_ours_is_told(lab: Cli, port: str) -> None:
    add(lab, slug="nightly")
    with in_another_thread(black_hole, int(port)):
        result = lab("email", "test", "nightly", **at(port))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[1:] == [
        "error: the email was accepted, but it made no ping: does the server use this database?"
    ]


def test_no_server_is_an_error_that_says_where_it_was_looked_for(lab: Cli, port: str) -> None:
    uuid = add(lab, slug="nightly")
    message = lab.error("email", "test", "nightly", **at(port))
    assert message.startswith(f"sending to {uuid}@hc.example.org by 127.0.0.1 port {port} failed: ")
    everywhere = {**at(port), "HCSERVER_SMTP_HOST": "0.0.0.0"}
    assert f"by 127.0.0.1 port {port} failed" in lab.error("email", "test", "nightly", **everywhere)


def test_without_a_listener_nothing_is_sent(lab: Cli) -> None:
    add(lab, slug="nightly")
    message = lab.error("email", "test", "nightly", HCSERVER_SMTP_PORT="0")
    assert message == "smtp.port is 0: the server accepts no emails (or give the port: --port)"


def test_a_refusal_of_the_server_is_told(lab: Cli, port: str) -> None:
    add(lab, slug="nightly")
    with in_another_thread(server, lab, int(port)):
        message = lab.error(
            "email", "test", "nightly", **{**at(port), "HCSERVER_SMTP_DOMAIN": "elsewhere.example.org"}
        )
    assert "failed: " in message
    assert "Recipient rejected" in message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 世界\u00a0!\n\tx", "Grüße, 世界\u00a0!\n\tx"),
        ("a\x1b[31m\r\x00\x7f\x9bb", "a\\x1b[31m\\r\\x00\\x7f\\x9bb"),
        ("\u202egnp.exe\u200b", "\\u202egnp.exe\\u200b"),
        ("\ud800", "\\ud800"),
    ],
    ids=ascii,
)
def test_text_from_outside_is_shown_without_what_a_terminal_obeys(text: str, shown: str) -> None:
    assert harmless(text) == shown


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("unread", "It counts as fail: it could not be read in time."),
        ("body", "It counts as fail: 'bad' is in its body."),
    ],
)
def test_why_an_email_counts_as_it_does_is_explained(where: Any, sentence: str) -> None:
    keyword = "bad" if where == "body" else None
    assert _explained(Reason(signal="fail", keyword=keyword, where=where)) == sentence
