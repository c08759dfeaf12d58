from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.notify.masking import without_secrets, words
from hcserver.notify.registry import CHANNEL_KINDS
from tests.cpu_time import cpu_seconds


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("<TOKEN123> and token123x", ["token123"], "<****> and ****x"),
        ("ops, stops, OPS", ["ops"], "****, stops, ****"),
        ("a%2Ftoken1 and a/token1", ["a/token1"], "**** and ****"),
        ("%2Fops%3A", ["ops"], "%2F****%3A"),
        ("dG9rZW4 dG9rZW4= dG9rZW4%3D", ["dG9rZW4="], "**** **** ****"),
        ("tokens and token", ["token", "tokens"], "**** and ****"),
        ("status 503, port 8080", ["503", "8080", "ab", ""], "status 503, port 8080"),
        ("pin 123456", ["123456"], "pin ****"),
        ("a.b+c", ["a.b+c"], "****"),
    ],
)
def test_secrets_are_taken_out_of_a_text(text: str, secrets: list[str], shown: str) -> None:
    assert without_secrets(text, secrets) == shown


def test_what_can_not_be_parsed_is_masked_word_by_word() -> None:
    assert without_secrets("no KEY-1 in {KEY-1/x}", words("{KEY-1/x}")) == "no **** in ****"


def test_many_secrets_cost_little_time() -> None:
    secrets = [f"secret{n}" for n in range(3000)]
    assert cpu_seconds(lambda: without_secrets("no such secret1 " * 250, secrets), attempts=3) < 1


@given(st.sampled_from([kind for kind in CHANNEL_KINDS.values() if kind.name != "group"]), st.text())
def test_the_secrets_of_any_target_can_be_asked_for(kind: object, target: str) -> None:
    for text in (target, f"{{{target}", f"https://{target}"):
        without_secrets(text, kind.secrets(text))  # type: ignore[attr-defined]
