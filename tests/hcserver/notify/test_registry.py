from __future__ import annotations

import pytest

from hcserver.errors import InvalidRequest
from hcserver.notify.group import Group
from hcserver.notify.registry import CHANNEL_KINDS, kind, kind_documents


def test_a_kind_is_found_by_its_name() -> None:
    assert {"email", "webhook", "shell", "group", "slack", "ntfy", "apprise"} <= set(CHANNEL_KINDS)
    assert all(kind(name) is one and one.name == name for name, one in CHANNEL_KINDS.items())


def test_only_a_group_has_members_and_only_a_group_can_not_send() -> None:
    for one in CHANNEL_KINDS.values():
        assert hasattr(one, "send") is not isinstance(one, Group)


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        InvalidRequest, match=r"unknown kind of channel 'fax': expected one of email, webhook"
    ):
        kind("fax")


@pytest.mark.parametrize("name", CHANNEL_KINDS)
def test_every_kind_declares_fields_with_labels_that_make_a_target_which_is_read_again(name: str) -> None:
    one, form = CHANNEL_KINDS[name], CHANNEL_KINDS[name].form
    assert form.label and form.help.endswith(".") and "\n" not in form.help
    assert all(field.label and (field.example or field.choices) for field in form.fields)
    values = {field.name: field.example for field in form.fields if field.required}
    stored = one.normalise(form.to_target(values))
    assert one.normalise(form.to_target(form.from_target(stored))) == stored


def test_the_documents_of_the_kinds_have_every_field() -> None:
    documents = {one["kind"]: one["fields"] for one in kind_documents()}
    for name, one in CHANNEL_KINDS.items():
        fields = documents[name]
        assert isinstance(fields, list)
        assert [field["name"] for field in fields] == [field.name for field in one.form.all_fields]


@pytest.mark.parametrize("name", CHANNEL_KINDS)
def test_every_kind_says_in_one_line_what_it_needs_and_refuses_nothing_at_all(name: str) -> None:
    one = CHANNEL_KINDS[name]
    assert one.needs.isprintable()
    with pytest.raises(InvalidRequest, match="expected"):
        one.normalise("")
