from __future__ import annotations

from hcserver.notify.apprise.declared_form import field, keyed, layout, webhook
from hcserver.notify.target_form import WHOLE


def stored(target: str) -> str:
    """As a kind of channel stores what a form makes."""
    return target.replace("https://example.org/", "hook://") if "://" in target else f"k://{target}"


def test_a_layout_reads_fields_from_an_address_and_makes_others_of_its_parts() -> None:
    shape = layout(r"x://(?P<user>[^/@]+)@(?P<_host>[^/]+)/", server="https://{_host}")
    assert shape.values("x://a%20b@example.org/") == {"user": "a b", "server": "https://example.org"}
    assert shape.values("y://a@example.org/") is None


def test_a_webhook_is_one_field_and_an_address_of_another_shape_is_shown_as_a_whole() -> None:
    shape = layout(r"hook://(?P<_id>\w+)", url="https://example.org/{_id}")
    form = webhook("Hook", "A hook.", "Where it is.", r"https://example\.org/\w+", "x", shape).form(stored)
    assert [one.name for one in form.fields] == ["url"]
    assert form.to_target({"url": "https://example.org/abc"}) == "https://example.org/abc"
    assert form.from_target("hook://abc") == {"url": "https://example.org/abc"}
    assert form.from_target("hook://abc?x") == {WHOLE: "hook://abc?x"}


def test_a_key_is_for_the_region_us_unless_the_other_one_is_chosen() -> None:
    key = field("key", "Key", r"\w+", "abc")
    us, eu = layout(r"k://(?P<key>\w+)", region="us"), layout(r"k://eu:(?P<key>\w+)", region="eu")
    form = keyed("Keyed", "A service.", key, us, eu).form(stored)
    assert form.to_target({"key": "abc"}) == "abc"
    assert form.to_target({"key": "abc", "region": "eu"}) == "eu:abc"
    assert form.from_target("k://eu:abc") == {"key": "abc", "region": "eu"}
    assert form.from_target("k://abc") == {"key": "abc", "region": "us"}
