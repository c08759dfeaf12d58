from __future__ import annotations

from hcserver.declaration.variables import Variables


def test_a_secret_gets_a_name_of_the_words_that_say_what_it_is() -> None:
    variables = Variables(in_clear=False)
    assert variables.stand_in(("TARGET", "Home lab!", "größe"), "s3cret", "one") == {
        "env": "TARGET_HOME_LAB_GROE"
    }
    assert variables.stand_in(("TARGET", "home-lab", "groe"), "s3cret", "two") == {
        "env": "TARGET_HOME_LAB_GROE_2"
    }
    assert variables.stand_in(("TARGET", "日本", "x"), "s3cret", "three") == {"env": "TARGET_X"}
    assert variables.meanings == {
        "TARGET_HOME_LAB_GROE": "one", "TARGET_HOME_LAB_GROE_2": "two", "TARGET_X": "three",
    }  # fmt: skip


def test_in_clear_only_what_is_unknown_gets_a_name() -> None:
    variables = Variables(in_clear=True)
    assert variables.stand_in(("TARGET", "a"), "s3cret", "one") == "s3cret"
    assert variables.stand_in(("TARGET", "b"), None, "two") == {"env": "TARGET_B"}
    assert variables.meanings == {"TARGET_B": "two"}
