from __future__ import annotations

import tomllib
from pathlib import Path

from hcserver.config.loader import load
from hcserver.config.report import describe
from hcserver.config.schema import HttpSettings, Settings

SAMPLE = Path(__file__).parents[3] / "config.toml"


def test_the_sample_file_documents_exactly_the_settings_that_exist_with_their_defaults() -> None:
    sample = tomllib.loads(SAMPLE.read_text())
    documented = {
        f"{section}.{key}": value for section, keys in sample.items() for key, value in keys.items()
    }
    assert documented == {line.name: line.value for line in describe(Settings())}
    assert load(str(SAMPLE), {}) == Settings()


def test_every_setting_in_the_sample_file_has_a_comment_of_one_line() -> None:
    lines = SAMPLE.read_text().splitlines()
    for above, before, line in zip(["", *lines], lines, lines[1:], strict=False):
        if "=" in line and not line.startswith("#"):
            assert before.startswith("# "), line
            assert above.startswith("[") or "=" in above, line


def test_the_public_url_has_no_slash_at_its_end_and_a_default() -> None:
    assert HttpSettings(port=81).public_url == "http://localhost:81"
    both = HttpSettings(port=443, tls_port=443, tls_cert="c.pem", tls_key="k.pem")
    assert both.public_url == "https://localhost:443"
    assert HttpSettings(port=443, tls_port=443).public_url == "http://localhost:443"
    assert HttpSettings(base_url="https://hc.example.org/x/").public_url == "https://hc.example.org/x"
