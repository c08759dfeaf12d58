from __future__ import annotations

import pytest

from hcserver.domain.user import ROLES, Role, may, name_key


@pytest.mark.parametrize(("role", "allowed"), [("admin", 3), ("editor", 2), ("viewer", 1), (None, 0)])
def test_each_role_may_what_the_ones_below_it_may(role: Role | None, allowed: int) -> None:
    order: list[Role] = ["viewer", "editor", "admin"]
    assert [may(role, needed) for needed in order] == [True] * allowed + [False] * (3 - allowed)
    assert set(order) == set(ROLES)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann", "aNN"), ("Groß", "GROSS"), ("e\u0301va", "\u00c9VA"), ("ﬁn", "FIN"), ("İ", "i\u0307")],
)
def test_spellings_of_a_name_mean_one_user(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)
    assert name_key(one) != name_key(one + "x")


def test_the_key_of_a_key_is_the_key() -> None:
    for code in range(0x3000):
        key = name_key("a" + chr(code))
        assert name_key(key) == key
