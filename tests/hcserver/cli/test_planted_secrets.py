"""Secrets are planted in targets and settings, and looked for in what the commands print."""

from __future__ import annotations

from tests.hcserver.cli.conftest import Cli
from tests.planted_secrets import PLANTED


def test_no_command_prints_a_secret_unless_it_is_asked_to(cli: Cli) -> None:
    cli.json("project", "create", "Lab")
    cli.environment |= {
        "HCSERVER_NOTIFICATIONS_ALLOWED_NETWORKS": "0.0.0.0/0,::/0",
        "HCSERVER_SHELL_PAGER_COMMAND": "page --key s3cretkey",
        "HCSERVER_EMAIL_USERNAME": "hc",
        "HCSERVER_EMAIL_PASSWORD": "s3cretword",
        "HCSERVER_SMTP_AUTH_PASSWORD": "s3cretword",
    }
    printed, planted = [], []
    for kind, target, secrets in PLANTED:
        if kind == "group":
            continue
        given = "pager" if kind == "shell" else target
        made = cli.json("channel", "create", "Lab", kind, "-", input=given)
        planted += [secret.lower() for secret in secrets]
        printed.append(cli.text("channel", "show", "Lab", made["id"]))
    for command in (["channel", "list", "Lab"], ["project", "show", "Lab"], ["config", "check"]):
        printed += [cli.text(*command), cli.text(*command, "--json")]
    text = "\n".join(printed).lower()
    assert [secret for secret in [*planted, "s3cret"] if secret in text] == []


def test_a_setting_that_is_refused_is_not_shown_if_it_is_secret(cli: Cli) -> None:
    cli.environment["HCSERVER_SMTP_AUTH_PASSWORD"] = "s3cret\u00e4"
    result = cli("config", "check")
    assert result.exit_code == 2
    assert "s3cret" not in result.output
