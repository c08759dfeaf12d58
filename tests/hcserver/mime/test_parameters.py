from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.mime.parameters import parse_parameters


@pytest.mark.parametrize(
    ("value", "first", "parameters"),
    [
        ("", "", {}),
        ("Text/Plain", "text/plain", {}),
        ("text/plain; Charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
        ("text/plain;charset = us-ascii ;x=1", "text/plain", {"charset": "us-ascii", "x": "1"}),
        ('multipart/mixed; boundary="a;b(c)"', "multipart/mixed", {"boundary": "a;b(c)"}),
        (r'x; a="say \"hi\" \\"', "x", {"a": 'say "hi" \\'}),
        ('x; a="never closed; b=1', "x", {"a": "never closed; b=1"}),
        ("x (a (nested; b=1) comment); c=2", "x", {"c": "2"}),
        ("x (never closed; b=1", "x", {}),
        ("text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ("x; a=1; a=2", "x", {"a": "1"}),
        ("x; nonsense; ; =y; a=", "x", {"": "y", "a": ""}),
    ],
)
def test_a_value_and_its_parameters(value: str, first: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(value) == (first, parameters)


@pytest.mark.parametrize(
    ("value", "joined"),
    [
        ("x; a*=utf-8'de'%C3%BCber", "über"),
        ("x; a*=iso-8859-1''%FCber", "über"),
        ('x; a*0="one "; a*1=two', "one two"),
        ("x; a*1=two; a*0=one", "onetwo"),
        ("x; a*0*=utf-8''%C3%BC; a*1=b; a*2*=%C3%A4", "übä"),
        ("x; a*=no charset", "no charset"),
    ],
)
def test_parameters_in_segments_are_put_together(value: str, joined: str) -> None:
    assert parse_parameters(value)[1] == {"a": joined}


@given(st.text(alphabet=st.characters(codec="latin-1")))
def test_nothing_in_a_value_fails(value: str) -> None:
    first, parameters = parse_parameters(value)
    assert first == first.lower()
    assert all(name == name.lower() for name in parameters)
