from __future__ import annotations

from pathlib import Path

import pytest

from smtp.tls import Certificate


def test_a_renewed_certificate_is_taken_up_and_a_broken_one_is_not(
    certificate: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both = tmp_path / "both.pem"
    both.write_text("".join(Path(path).read_text() for path in certificate))
    renewed = Certificate(str(both), "")
    first = renewed.context()
    assert renewed.context() is first
    both.write_text("nonsense")
    assert renewed.context() is first
    assert "can't use the new TLS certificate" in caplog.text
    both.write_text("".join(Path(path).read_text() for path in certificate) + "\n")
    assert renewed.context() is not first
