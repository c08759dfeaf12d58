from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.domain.badge import (
    MAX_LABEL,
    BadgeState,
    badge_document,
    badge_state,
    render_svg,
    shields_document,
    sign,
    verify,
)
from hcserver.domain.status import ShownStatus

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("statuses", "three", "two"),
    [
        ([], "up", "up"),
        (["new"], "up", "up"),
        (["paused", "new"], "up", "up"),
        (["up", "grace"], "late", "up"),
        (["up", "grace", "down"], "down", "down"),
        (["down"], "down", "down"),
    ],
)
def test_the_worst_check_decides(statuses: list[ShownStatus], three: BadgeState, two: BadgeState) -> None:
    assert badge_state(Counter(statuses), two_states=False) == three
    assert badge_state(Counter(statuses), two_states=True) == two


def test_the_json_document_counts_late_checks_even_with_two_states() -> None:
    statuses: list[ShownStatus] = ["up", "grace", "paused", "grace", "new"]
    assert msgspec.to_builtins(badge_document(Counter(statuses), two_states=True)) == {
        "status": "up",
        "total": 5,
        "grace": 2,
        "down": 0,
    }
    assert badge_document(Counter(statuses), two_states=False).status == "late"


def test_a_tag_without_checks_is_up() -> None:
    assert msgspec.to_builtins(badge_document({}, two_states=False)) == {
        "status": "up",
        "total": 0,
        "grace": 0,
        "down": 0,
    }


@pytest.mark.parametrize(("state", "color"), [("up", "success"), ("late", "important"), ("down", "critical")])
def test_the_shields_document_has_shields_colors(state: BadgeState, color: str) -> None:
    assert msgspec.to_builtins(shields_document("backup", state)) == {
        "schemaVersion": 1,
        "label": "backup",
        "message": state,
        "color": color,
    }


def texts(svg: str) -> list[str | None]:
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_picture_shows_label_and_state_and_can_be_read_aloud() -> None:
    svg = render_svg("backup", "late")
    root = ElementTree.fromstring(svg)
    assert texts(svg) == ["backup", "late"]
    assert root.get("role") == "img"
    assert root.get("aria-label") == "backup: late"
    assert root.findtext(f"{SVG}title") == "backup: late"


def test_a_label_is_text_and_never_markup() -> None:
    label = """</text><script>alert("1")</script>&'"""
    svg = render_svg(label, "up")
    assert texts(svg) == [label, "up"]
    assert ElementTree.fromstring(svg).get("aria-label") == f"{label}: up"
    assert "<script" not in svg


def test_a_long_label_is_cut_in_the_picture_but_not_in_its_title() -> None:
    label = "x" * 500
    svg = render_svg(label, "up")
    assert texts(svg)[0] == "x" * (MAX_LABEL - 1) + "…"
    assert ElementTree.fromstring(svg).findtext(f"{SVG}title") == f"{label}: up"


def test_a_wider_label_makes_a_wider_picture() -> None:
    widths = [
        int(str(ElementTree.fromstring(render_svg(label, "up")).get("width")))
        for label in ("i", "iii", "mmm", "日本語日本", "mmm日本語日本")
    ]
    assert widths == sorted(set(widths))


@pytest.mark.parametrize("label", ["", " \t", "\n"])
def test_an_empty_label_becomes_a_neutral_one(label: str) -> None:
    assert texts(render_svg(label, "up")) == ["check", "up"]


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=())), st.sampled_from(["up", "late", "down"]))
def test_any_label_makes_a_well_formed_picture(label: str, state: BadgeState) -> None:
    ElementTree.fromstring(render_svg(label, state).encode("utf-8"))


def test_a_signature_is_eight_url_safe_characters_of_an_hmac() -> None:
    # printf prod | openssl dgst -sha256 -hmac secret -binary | base64 | head -c 8
    signature = sign("secret", "prod")
    assert len(signature) == 8
    assert set(signature) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert signature == "MfMgW4NS"


def test_a_signature_is_valid_for_its_secret_and_tag_only() -> None:
    signature = sign("secret", "prod")
    assert verify("secret", "prod", signature)
    assert not verify("other", "prod", signature)
    assert not verify("secret", "prod2", signature)


@pytest.mark.parametrize("wrong", ["", "x", "LONGER", "ünïcödé", "\ud800"])
def test_every_character_of_a_signature_is_compared(wrong: str) -> None:
    signature = sign("secret", "prod")
    assert not verify("secret", "prod", wrong)
    assert not verify("secret", "prod", signature + wrong + "!")
    assert not verify("secret", "prod", signature[:-1])


@given(st.text(st.characters(exclude_categories=())))
def test_any_tag_can_be_signed(tag: str) -> None:
    assert verify("secret", tag, sign("secret", tag))
