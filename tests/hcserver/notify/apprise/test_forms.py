from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.errors import InvalidRequest
from hcserver.notify.apprise.forms import form_of
from hcserver.notify.apprise.transport import APPRISE_KINDS, AppriseTransport
from hcserver.notify.target_form import WHOLE, TargetField
from tests.hcserver.notify.apprise.test_services import CASES, IDS, Case

KINDS = {kind.name: kind for kind in APPRISE_KINDS}
# Stored targets whose options or parts no field has.
WITHOUT_FIELDS = [
    "slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/%23ops",
    "ntfys://ntfy.example.org/backups?priority=max",
    "matrixs://user:password@matrix.example.org/%23ops",
    "opsgenie://0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f/?priority=p1",
]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_every_stored_target_survives_its_form(case: Case) -> None:
    kind = KINDS[case.kind]
    values = kind.form.from_target(case.url)
    assert kind.normalise(kind.form.to_target(values)) == case.url


@pytest.mark.parametrize("url", WITHOUT_FIELDS)
def test_what_no_field_has_is_shown_as_a_whole(url: str) -> None:
    (kind,) = (kind for kind in KINDS.values() if kind.name[:4] == url[:4])
    assert kind.form.from_target(url) == {WHOLE: url}


@pytest.mark.parametrize("kind", APPRISE_KINDS, ids=KINDS)
@pytest.mark.parametrize("only_required", [True, False])
def test_the_examples_of_the_fields_make_a_target_and_are_read_from_it(
    kind: AppriseTransport, only_required: bool
) -> None:
    fields = [field for field in kind.form.fields if field.required or not only_required]
    values = {field.name: field.example or field.default for field in fields}
    stored = kind.normalise(kind.form.to_target(values))
    again = kind.form.from_target(stored)
    assert WHOLE not in again
    assert kind.normalise(kind.form.to_target(again)) == stored


@pytest.mark.parametrize("kind", APPRISE_KINDS, ids=KINDS)
def test_a_required_field_that_is_missing_or_unfit_is_named(kind: AppriseTransport) -> None:
    examples = {field.name: field.example for field in kind.form.fields if field.required}
    for name in examples:
        for wrong in ("", "s3cret s3cret"):
            with pytest.raises(InvalidRequest) as refused:
                kind.form.to_target(examples | {name: wrong})
            assert str(refused.value).startswith(f"{name} ")
            assert "s3cret" not in str(refused.value)


def values_of(field: TargetField) -> st.SearchStrategy[str]:
    if field.choices:
        return st.sampled_from(field.choices)
    return st.from_regex(re.compile(field.pattern, re.ASCII), fullmatch=True).filter(str.isprintable)


# Addresses whose options are in their query are checked as a whole by the service itself.
@pytest.mark.parametrize("name", sorted(set(KINDS) - {"msteams", "googlechat", "apprise"}))
@settings(max_examples=15, derandomize=True, deadline=None)
@given(data=st.data())
def test_whatever_fits_the_fields_makes_a_target_or_names_a_field(name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    values = {field.name: data.draw(values_of(field), label=field.name) for field in kind.form.fields}
    try:
        target = kind.form.to_target(values)
    except InvalidRequest as error:  # white space around a value counts for nothing
        assert str(error).partition(" ")[0] in values
        return
    stored = kind.normalise(target)
    assert kind.normalise(kind.form.to_target(kind.form.from_target(stored))) == stored


def test_percent_signs_and_at_signs_in_passwords_survive() -> None:
    form = form_of("ntfy", KINDS["ntfy"].normalise)
    values = {"topic": "backups", "server": "https://ntfy.example.org", "user": "a@b", "secret": "p%4/:#"}
    stored = KINDS["ntfy"].normalise(form.to_target(values))
    assert stored == "ntfys://a%40b:p%254%2F%3A%23@ntfy.example.org/backups?mode=private"
    assert form.from_target(stored) == values
