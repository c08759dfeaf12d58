from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from hcserver.config.loader import load
from hcserver.services.doctor.configuration import examine_configuration
from hcserver.services.doctor.finding import Finding
from hcserver.storage.key_file import KeyFile

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path


def examined(
    folder: Path, config: str = "", environ: dict[str, str] | None = None, now: datetime = NOW
) -> list[Finding]:
    environ = {"HCSERVER_EMBEDDED_PATH": str(folder / "data"), **(environ or {})}
    file = folder / "config.toml"
    if not file.exists():
        file.touch(mode=0o600)
    file.write_text('[http]\nbase_url = "https://hc.example.org"\n' + config)
    return list(examine_configuration(load(str(file), environ), environ, now))


def problems(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.text) for finding in findings if finding.level != "ok"]


def test_a_good_configuration_has_no_problems(folder: Path) -> None:
    assert problems(examined(folder)) == []


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"HCSERVER_HTTP_BASE_URL": ""}, "http.base_url is empty"),
        ({"HCSERVER_NOTIFICATIONS_OPERATOR": "me@example.org"}, "notifications.operator gets no mail"),
        ({"HCSERVER_EMAIL_BOUNCE_DOMAIN": "b.example.org", "HCSERVER_SMTP_PORT": "0"}, "nobody receives"),
        (
            {
                "HCSERVER_EMAIL_USERNAME": "hc",
                "HCSERVER_EMAIL_PASSWORD": "PASSWORD",
                "HCSERVER_EMAIL_SECURITY": "none",
            },
            "email.password is sent in clear",
        ),
    ],
)
def test_settings_that_hardly_fit_together_are_warned_of(
    folder: Path, environ: dict[str, str], text: str
) -> None:
    ((level, found),) = problems(examined(folder, environ=environ))
    assert (level, found.startswith(text)) == ("warning", True)
    assert "PASSWORD" not in found


def test_a_configuration_file_with_secrets_should_be_private(folder: Path) -> None:
    config = '[metrics]\nkey = "KEY-of-the-metrics"\n'
    assert problems(examined(folder, config)) == []
    file = folder / "config.toml"
    file.chmod(0o644)
    ((level, text),) = problems(examined(folder, config))
    assert level == "warning"
    assert text == f"{file}, which has metrics.key, is open to others (mode 0644): run `chmod go= {file}`"
    assert problems(examined(folder)) == []  # without secrets everybody may read it


def test_a_file_with_a_secret_should_be_private(folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text("KEY-of-the-metrics")
    secret.chmod(0o640)
    ((level, text),) = problems(examined(folder, environ={"HCSERVER_METRICS_KEY_FILE": str(secret)}))
    assert (level, text.startswith(f"{secret}, which has metrics.key, is open to others")) == (
        "warning",
        True,
    )
    secret.chmod(0o600)
    assert problems(examined(folder, environ={"HCSERVER_METRICS_KEY_FILE": str(secret)})) == []


def test_a_secret_in_the_environment_has_no_file(folder: Path) -> None:
    findings = examined(folder, environ={"HCSERVER_METRICS_KEY": "KEY-of-the-metrics"})
    assert problems(findings) == []
    assert not any("metrics.key" in finding.text for finding in findings)


def test_the_key_file_must_be_usable_and_should_be_private(folder: Path) -> None:
    path = folder / "data" / "secrets.key"
    KeyFile(path).current()
    assert problems(examined(folder)) == []
    path.chmod(0o604)
    assert [level for level, _ in problems(examined(folder))] == ["warning"]
    path.chmod(0o600)
    path.write_text("no key\n")
    ((level, text),) = problems(examined(folder))
    assert (level, text.startswith(f"the key file {path} is damaged")) == ("error", True)


def test_the_data_folder_must_be_private(folder: Path) -> None:
    (folder / "data").chmod(0o777)
    ((level, text),) = problems(examined(folder))
    assert (level, text.startswith("embedded.path: other users can write")) == ("error", True)


def test_certificates_must_be_valid(folder: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    key.chmod(0o600)
    config = f'tls_cert = "{cert}"\ntls_key = "{key}"\n'
    end = x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    day = timedelta(days=1)
    assert problems(examined(folder, config, now=end - 20 * day)) == []
    assert problems(examined(folder, config, now=end - day)) == [
        ("warning", f"http.tls_cert expires on {end:%Y-%m-%d}")
    ]
    assert problems(examined(folder, config, now=end)) == [
        ("error", f"http.tls_cert expired on {end:%Y-%m-%d}")
    ]


def test_a_certificate_that_can_not_be_used_is_an_error(folder: Path) -> None:
    none = folder / "none.pem"
    ((level, text),) = problems(examined(folder, f'tls_cert = "{none}"\ntls_key = "{none}"\n'))
    assert (level, text.startswith("http.tls_cert, http.tls_key: can't use")) == ("error", True)
