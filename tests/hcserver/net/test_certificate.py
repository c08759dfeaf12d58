from __future__ import annotations

import logging
import ssl
from pathlib import Path

import pytest

from hcserver.errors import ConfigError
from hcserver.net.certificate import Certificate
from tests.certificates import make_certificate


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    certificate, key = make_certificate(tmp_path)
    return str(certificate), str(key)


def test_a_renewed_certificate_is_taken_up_and_a_broken_one_is_not(
    files: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both = tmp_path / "both.pem"
    both.write_text("".join(Path(path).read_text() for path in files))
    renewed = Certificate("smtp", str(both), "")
    first = renewed.context()
    assert renewed.context() is first
    both.write_text("nonsense")
    assert renewed.context() is first
    assert "can't use the new TLS certificate" in caplog.text
    both.write_text("".join(Path(path).read_text() for path in files) + "\n")
    assert renewed.context() is not first


def test_it_is_read_again_on_request_and_a_broken_one_changes_nothing(
    files: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    certificate = Certificate("http", *files)
    first = certificate.context()
    certificate.reload()
    second = certificate.context()
    assert second is not first
    Path(files[1]).write_text("half a key")
    certificate.reload()
    Path(files[0]).unlink()
    certificate.reload()
    assert certificate.context() is second
    levels = [record.levelname for record in caplog.records if record.name == "hcserver.net.certificate"]
    assert levels == ["INFO", "ERROR", "ERROR", "ERROR"]


def test_one_that_can_not_be_used_from_the_start_is_reported_with_the_settings(
    files: tuple[str, str],
) -> None:
    with pytest.raises(ConfigError, match=r"^http\.tls_cert, http\.tls_key: can't use '/nowhere\.pem'"):
        Certificate("http", "/nowhere.pem", files[1])
    with pytest.raises(ConfigError, match=r"^smtp\.tls_cert, smtp\.tls_key: "):
        Certificate("smtp", files[0], files[0])


def test_old_versions_of_tls_and_renegotiation_are_refused(files: tuple[str, str]) -> None:
    context = Certificate("http", *files).context()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
